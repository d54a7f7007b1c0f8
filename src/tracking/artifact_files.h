// Takes files into the store of blobs and gives them paths: where bytes and SQL meet. All calls block; constant memory.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "registry/bundle_store.h"
#include "storage/objects.h"
#include "storage/sql.h"
#include "tracking/artifact_store.h"
#include "tracking/artifact_uploads.h"

namespace slipway {

class ArtifactFiles {
 public:
  // All of them outlive it. One object may be used by several threads. `temporary_directory`: where parts are joined.
  ArtifactFiles(Database& database, ObjectStore& objects, const BundleStore& bundles, std::string temporary_directory)
      : database_(&database),
        objects_(&objects),
        bundles_(&bundles),
        temporary_directory_(std::move(temporary_directory)) {}

  const ArtifactStore& store() const noexcept { return store_; }
  const ArtifactUploads& uploads() const noexcept { return uploads_; }

  // `file`: a local one with the bytes, whose digest is known; it is moved away where the store can.
  Status put(std::string_view path, const std::string& file, const Digest& digest) const;
  Status put_part(std::string_view upload_id, std::int64_t number, const std::string& file, const Digest& digest) const;
  Status complete(std::string_view upload_id, std::string_view path, const std::vector<CompletedPart>& parts) const;

 private:
  Result<ManifestFile> join(std::span<const ManifestFile> parts, const std::string& into) const;

  Database* database_;
  ObjectStore* objects_;
  const BundleStore* bundles_;
  ArtifactStore store_;
  ArtifactUploads uploads_;
  std::string temporary_directory_;
};

}  // namespace slipway

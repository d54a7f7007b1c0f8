// The files that runs and logged models keep: a tree of paths, each over the digest of a blob
// (registry/bundle_store.h).
//
// Equal files are one blob, and a model version made of a run's files copies nothing. A path can be written again: the
// last one wins, whole. A folder is there while something lies in it. What a path names is kept by
// registry/garbage.h. In SQL, inside the caller's transaction (registry/transact.h); stateless, shared by all threads.
//
// The blob comes first, then its path; a caller that finds the blob gone after the path was written (a collection ran
// in between) stores it again: from then on the path keeps it.
//
// Errors: invalid_argument "artifact.invalid_path"; failed_precondition "artifact.conflict" (a file where a folder
// would be, or the other way round); not_found "artifact.not_found"; unavailable "bundle.collecting"; those of page.h
// and storage/sql.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"
#include "registry/page.h"
#include "storage/sql.h"

namespace slipway {

struct Artifact {
  std::string path;
  std::optional<Digest> digest;  // null: a folder
  std::uint64_t size_bytes = 0;
  WallTime modified{};

  bool is_folder() const noexcept { return !digest; }
};

// A path of a bundle (registry/manifest.h) that no decoding can turn into another: without "%" too.
Status check_artifact_path(std::string_view path);

// "a/b.txt" of "mlflow-artifacts:/a/b.txt", also with an authority; null where the URI is of another scheme.
// invalid_argument "artifact.invalid_path" where its path is not acceptable. "" for the root.
Result<std::optional<std::string>> artifact_path_of(std::string_view uri);

std::string_view artifact_name(std::string_view path) noexcept;  // its last segment

class ArtifactStore {
 public:
  explicit ArtifactStore(const Clock& clock = system_clock()) : clock_(&clock) {}

  Status put(Transaction& t, std::string_view path, const Digest& digest, std::uint64_t size_bytes) const;
  Result<Artifact> get(Transaction& t, std::string_view path) const;  // a file
  // What lies directly in a folder ("" is the root), by path; nothing where there is no such folder.
  Result<Page<Artifact>> list(Transaction& t, std::string_view folder, const PageRequest& page) const;
  // All files below a folder, by path. resource_exhausted "artifact.too_many" when there are more than `count_max`.
  Result<std::vector<Artifact>> files_below(Transaction& t, std::string_view folder, std::size_t count_max) const;
  // A file, or a folder with all that is below it; ok where there is nothing.
  Status remove(Transaction& t, std::string_view path) const;

 private:
  Status make_folders(Transaction& t, std::string_view path) const;

  const Clock* clock_;
};

// unavailable "bundle.collecting" while the blob is being removed. Call it after what keeps the blob was written.
Status check_not_condemned(Transaction& t, const Digest& digest);

}  // namespace slipway

// The files of model versions as clients of the artifact API see them: "versions/<version id>/…", read-only, straight
// from the manifest of the bundle. A bundle without an MLmodel file shows one made for it, so that MLflow loads it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/permission.h"
#include "registry/bundle_store.h"
#include "registry/model_store.h"
#include "storage/sql.h"

namespace slipway::mlflow {

// A file or folder, by its name in the folder that was asked for.
struct ListedFile {
  std::string name;
  bool is_folder = false;
  std::uint64_t size_bytes = 0;
};

struct VersionFile {
  ManifestFile file;
  std::optional<std::string> text;  // of a file that is made, not stored
};

bool is_version_path(std::string_view path) noexcept;  // "versions" or below

class VersionFiles {
 public:
  // Both outlive it.
  VersionFiles(Database& database, const BundleStore& bundles) : database_(&database), bundles_(&bundles) {}

  // Precondition: is_version_path(path). not_found "artifact.not_found", also where `principal` may not read the model.
  Result<VersionFile> file(std::string_view path, const Principal& principal) const;
  Result<std::vector<ListedFile>> list(std::string_view folder, const Principal& principal) const;

 private:
  struct Opened;
  Result<Opened> open(std::string_view path, const Principal& principal) const;

  Database* database_;
  const BundleStore* bundles_;
  ModelStore models_;
};

}  // namespace slipway::mlflow

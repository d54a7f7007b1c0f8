#include "protocol/mlflow/version_files.h"

#include <algorithm>

#include "base/bytes.h"
#include "registry/flavor.h"
#include "registry/transact.h"

namespace slipway::mlflow {
namespace {

constexpr std::string_view kRoot = "versions";

tl::unexpected<Error> not_found(std::string_view path) {
  return fail(Code::kNotFound, "artifact.not_found", "there is no file " + slipway::quoted(path, 256));
}

}  // namespace

// The bundle, and what of the path is inside it.
struct VersionFiles::Opened {
  Manifest manifest;
  std::string rest;
  std::optional<std::string> made;  // the text of the MLmodel file, where the bundle has none
};

bool is_version_path(std::string_view path) noexcept {
  return path == kRoot || (path.starts_with(kRoot) && path[kRoot.size()] == '/');
}

Result<VersionFiles::Opened> VersionFiles::open(std::string_view path, const Principal& principal) const {
  std::string_view rest = path.substr(std::min(path.size(), kRoot.size() + 1));
  const std::string_view id = rest.substr(0, rest.find('/'));
  rest.remove_prefix(std::min(rest.size(), id.size() + 1));
  const auto version = in_read(*database_, [&](Transaction& t) { return models_.version_by_id(t, id); });
  if (!version && version.error().code != Code::kNotFound) return fail(version.error());
  if (!version || !principal.may(Permission::kReadMetadata, version->model)) return not_found(path);
  Opened opened{{}, std::string(rest), std::nullopt};
  SLIPWAY_TRY(opened.manifest, bundles_->manifest(version->digest));
  const bool is_onnx = opened.manifest.runtime == kOnnxRuntime;
  if (is_onnx && opened.manifest.find(kMlModelFile) == nullptr) {
    opened.made = mlmodel_of(opened.manifest, format_time(version->created_at));
    const ManifestFile made{std::string(kMlModelFile), opened.made->size(), sha256(*opened.made)};
    auto& files = opened.manifest.files;
    files.insert(std::lower_bound(files.begin(), files.end(), made,
                                  [](const auto& a, const auto& b) { return a.path < b.path; }),
                 made);
  }
  return opened;
}

Result<VersionFile> VersionFiles::file(std::string_view path, const Principal& principal) const {
  SLIPWAY_TRY(const Opened opened, open(path, principal));
  const ManifestFile* const found = opened.manifest.find(opened.rest);
  if (found == nullptr) return not_found(path);
  return VersionFile{*found, opened.rest == kMlModelFile ? opened.made : std::nullopt};
}

Result<std::vector<ListedFile>> VersionFiles::list(std::string_view folder, const Principal& principal) const {
  if (folder == kRoot) return std::vector<ListedFile>();  // versions are found in the registry
  SLIPWAY_TRY(const Opened opened, open(folder, principal));
  const std::string prefix = opened.rest.empty() ? "" : opened.rest + '/';
  std::vector<ListedFile> listed;
  for (const ManifestFile& file : opened.manifest.files) {
    if (!file.path.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(file.path).substr(prefix.size());
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) {
      listed.push_back({std::string(rest), false, file.size_bytes});
    } else if (listed.empty() || !listed.back().is_folder || listed.back().name != rest.substr(0, slash)) {
      listed.push_back({std::string(rest.substr(0, slash)), true, 0});
    }
  }
  return listed;
}

}  // namespace slipway::mlflow

#include "cli/bundle_source.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kContractName = "contract.yaml";
constexpr std::string_view kProfileName = "profile.json";
constexpr std::string_view kCardName = "card.md";
constexpr std::string_view kTestsName = "tests.json";
constexpr std::string_view kModelName = "model.onnx";
constexpr std::string_view kRemoteName = "remote.yaml";

struct CloseDescriptor {
  int descriptor;
  ~CloseDescriptor() { ::close(descriptor); }
};

std::string_view kind_name(fs::file_type type) {
  switch (type) {
    case fs::file_type::symlink:
      return "a symbolic link";
    case fs::file_type::directory:
      return "a directory";
    case fs::file_type::fifo:
      return "a pipe";
    case fs::file_type::socket:
      return "a socket";
    default:
      return "a device";
  }
}

Result<SourceFile> regular_file(const fs::path& disk, std::string bundle_path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(disk, error);
  if (!fs::exists(status))
    return fail(Code::kNotFound, "bundle.not_found", fmt::format("{} does not exist", disk.string()));
  if (!fs::is_regular_file(status)) {
    return fail(Code::kInvalidArgument, "bundle.not_a_file",
                fmt::format("{} is {}; a bundle is made of regular files", disk.string(), kind_name(status.type())));
  }
  const std::uintmax_t size = fs::file_size(disk, error);
  if (error) return fail(Code::kNotFound, "bundle.not_found", fmt::format("{}: {}", disk.string(), error.message()));
  SLIPWAY_CHECK(check_bundle_path(bundle_path));
  return SourceFile{disk.string(), std::move(bundle_path), size};
}

Status add_directory(const fs::path& root, BundleSource& source) {
  std::error_code error;
  fs::recursive_directory_iterator it(root, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const fs::path relative = it->path().lexically_relative(root);
    if (relative.filename().string().starts_with('.')) {
      source.left_out.push_back(relative.generic_string());
      it.disable_recursion_pending();
      continue;
    }
    if (it->symlink_status().type() == fs::file_type::directory) continue;
    SLIPWAY_TRY(SourceFile file, regular_file(it->path(), relative.generic_string()));
    source.files.push_back(std::move(file));
    if (source.files.size() > kManifestFilesMax) {
      return fail(Code::kInvalidArgument, "bundle.too_many_files",
                  fmt::format("{} holds more than {} files", root.string(), kManifestFilesMax));
    }
  }
  if (error) return fail(Code::kNotFound, "bundle.not_found", fmt::format("{}: {}", root.string(), error.message()));
  return {};
}

const SourceFile* find(const BundleSource& source, std::string_view bundle_path) {
  const auto found = std::find_if(source.files.begin(), source.files.end(),
                                  [&](const SourceFile& file) { return file.bundle_path == bundle_path; });
  return found == source.files.end() ? nullptr : &*found;
}

Status add_file(BundleSource& source, const fs::path& disk, std::string_view bundle_path) {
  SLIPWAY_TRY(SourceFile file, regular_file(disk, std::string(bundle_path)));
  if (const SourceFile* other = find(source, bundle_path)) {
    std::error_code ignored;
    if (fs::equivalent(other->disk_path, disk, ignored)) return {};
    return fail(Code::kInvalidArgument, "bundle.two_files",
                fmt::format("{} and {} would both be {} in the bundle; leave one out", other->disk_path, disk.string(),
                            bundle_path));
  }
  source.files.push_back(std::move(file));
  return {};
}

// The file of a role: the one named by an option, or the one that stands under the fixed name.
Result<std::optional<std::string>> add_role(BundleSource& source, const std::string& option, std::string_view name) {
  if (!option.empty()) SLIPWAY_CHECK(add_file(source, option, name));
  if (find(source, name) == nullptr) return std::nullopt;
  return std::string(name);
}

Result<std::string> find_model(const BundleSource& source, const std::string& root) {
  if (find(source, kModelName) != nullptr) return std::string(kModelName);
  std::vector<std::string> models;
  for (const SourceFile& file : source.files) {
    if (fs::path(file.bundle_path).extension() == ".onnx") models.push_back(file.bundle_path);
  }
  std::sort(models.begin(), models.end());
  if (models.size() == 1) return models.front();
  if (models.empty() && find(source, kRemoteName) != nullptr) return std::string(kRemoteName);
  if (models.empty()) {
    return fail(Code::kInvalidArgument, "bundle.no_model",
                fmt::format("{} holds no .onnx file and no {}; Slipway serves ONNX models, and those that another "
                            "server answers for",
                            root, kRemoteName));
  }
  return fail(Code::kInvalidArgument, "bundle.many_models",
              fmt::format("{} holds {} .onnx files ({}, {}, …); name one of them model.onnx", root, models.size(),
                          models[0], models[1]));
}

// A single file is taken as the model, whatever it is: the server judges its content and says what it found. YAML is
// the description of a remote one.
std::string model_name_of(const fs::path& file) {
  if (file.extension() == ".yaml" || file.extension() == ".yml") return std::string(kRemoteName);
  return file.extension() == ".onnx" ? file.filename().string() : std::string(kModelName);
}

}  // namespace

Result<BundleSource> collect_bundle(const BundleOptions& options) {
  BundleSource source;
  const fs::path root(options.source);
  std::error_code error;
  if (fs::symlink_status(root, error).type() == fs::file_type::directory) {
    SLIPWAY_CHECK(add_directory(root, source));
  } else {
    source.draft.model = model_name_of(root);
    SLIPWAY_CHECK(add_file(source, root, source.draft.model));
  }
  for (const std::string& extra : options.extra_files) {
    SLIPWAY_CHECK(add_file(source, extra, fs::path(extra).filename().string()));
  }
  SLIPWAY_TRY(source.draft.contract, add_role(source, options.contract, kContractName));
  SLIPWAY_TRY(source.draft.profile, add_role(source, options.profile, kProfileName));
  SLIPWAY_TRY(source.draft.card, add_role(source, options.card, kCardName));
  SLIPWAY_TRY(source.draft.tests, add_role(source, options.tests, kTestsName));
  if (source.draft.model.empty()) {
    SLIPWAY_TRY(source.draft.model, find_model(source, options.source));
  }
  if (source.draft.model == kRemoteName) source.draft.runtime = kRemoteRuntime;
  source.draft.metadata = options.metadata;
  std::sort(source.left_out.begin(), source.left_out.end());
  return source;
}

Result<Manifest> hash_bundle(const BundleSource& source, const HashProgress& progress) {
  std::uint64_t total = 0;
  for (const SourceFile& file : source.files) total += file.size_bytes;
  std::uint64_t done = 0;
  Manifest manifest = source.draft;
  std::vector<std::byte> buffer(1u << 20);
  Sha256 hasher;
  for (const SourceFile& file : source.files) {
    const int descriptor = ::open(file.disk_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return fail(Code::kNotFound, "bundle.not_found", fmt::format("cannot read {}", file.disk_path));
    const CloseDescriptor close{descriptor};
    hasher.reset();
    std::uint64_t size = 0;
    for (;;) {
      const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
      if (got < 0) return fail(Code::kNotFound, "bundle.not_found", fmt::format("cannot read {}", file.disk_path));
      if (got == 0) break;
      hasher.update(std::span<const std::byte>(buffer).first(static_cast<std::size_t>(got)));
      size += static_cast<std::uint64_t>(got);
      done += static_cast<std::uint64_t>(got);
      if (progress && !progress(done, total)) return fail(Code::kCancelled, "cli.interrupted", "interrupted");
    }
    if (size != file.size_bytes) {
      return fail(Code::kFailedPrecondition, "bundle.changed",
                  fmt::format("{} had {} bytes and now has {}; push it when nothing writes to it", file.disk_path,
                              file.size_bytes, size));
    }
    manifest.files.push_back({file.bundle_path, size, hasher.finish()});
  }
  return make_manifest(std::move(manifest));
}

}  // namespace slipway::cli

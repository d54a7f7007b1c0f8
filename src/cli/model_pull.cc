#include "cli/model_pull.h"

#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <ostream>
#include <unistd.h>

#include "base/digest.h"
#include "base/json_writer.h"
#include "cli/exit_code.h"
#include "cli/json_fields.h"
#include "cli/model_ref.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> bad_manifest(std::string why) {
  return fail(Code::kDataLoss, "bundle.bad_manifest", "the server's manifest cannot be used: " + std::move(why));
}

std::optional<std::string> optional_text(const json::object& object, std::string_view key) {
  std::string text = text_at(object, key);
  if (text.empty()) return std::nullopt;
  return text;
}

// A directory that goes away unless it is kept.
class Gathering {
 public:
  static Result<Gathering> make(const fs::path& target) {
    const fs::path parent = target.has_parent_path() ? target.parent_path() : fs::path(".");
    std::string pattern = (parent / ("." + target.filename().string() + ".partial-XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      return fail(Code::kFailedPrecondition, "cli.write_failed", fmt::format("cannot write in {}", parent.string()));
    }
    return Gathering(pattern);
  }
  Gathering(Gathering&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  Gathering& operator=(Gathering&&) = delete;
  ~Gathering() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  const fs::path& path() const noexcept { return path_; }

  Status keep_as(const fs::path& target) {
    std::error_code error;
    fs::permissions(path_, fs::perms(0755), error);
    // renameat2 with NOREPLACE would be atomic also against somebody who makes the target now; rename(2) refuses all
    // but an empty directory, which is the same to the user.
    fs::rename(path_, target, error);
    if (error)
      return fail(Code::kFailedPrecondition, "cli.write_failed",
                  fmt::format("{}: {}", target.string(), error.message()));
    path_.clear();
    return {};
  }

 private:
  explicit Gathering(std::string path) : path_(std::move(path)) {}
  fs::path path_;
};

struct OutputFile {
  int descriptor;
  ~OutputFile() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

bool write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

Status fetch_file(Api& api, const ModelRef& ref, const ManifestFile& file, const fs::path& root) {
  const fs::path path = root / file.path;  // check_bundle_path() has accepted it: it stays below root
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const OutputFile output{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644)};
  if (output.descriptor < 0) {
    return fail(Code::kFailedPrecondition, "cli.write_failed", fmt::format("cannot write {}", path.string()));
  }
  Sha256 hasher;
  std::uint64_t size = 0;
  const Sink sink = [&](std::span<const std::byte> bytes) {
    size += bytes.size();
    if (size > file.size_bytes) return false;  // more than the manifest says: not our file
    hasher.update(bytes);
    return write_all(output.descriptor, bytes);
  };
  const std::string target = fmt::format("/api/v1/models/{}/versions/{}/blobs/{}", percent_encoded(ref.model),
                                         percent_encoded(ref.version), file.sha256.hex());
  const Status fetched = api.download(target, sink, progress_line("Fetching " + file.path));
  end_progress_line();
  SLIPWAY_CHECK(fetched);
  if (size != file.size_bytes || hasher.finish() != file.sha256) {
    return fail(Code::kDataLoss, "bundle.wrong_digest", fmt::format("{} is not the file that was pushed", file.path));
  }
  if (::fsync(output.descriptor) != 0) {
    return fail(Code::kFailedPrecondition, "cli.write_failed", fmt::format("cannot write {}", path.string()));
  }
  return {};
}

}  // namespace

Result<Manifest> manifest_of(std::string_view version_json) {
  SLIPWAY_TRY(const json::value parsed, parse_json(version_json));
  const json::object& version = as_object(parsed);
  const json::object& object = object_at(version, "manifest");
  if (object.empty()) return bad_manifest("there is none");
  Manifest draft;
  draft.model = text_at(object, "model");
  draft.runtime = text_at(object, "runtime");
  draft.contract = optional_text(object, "contract");
  draft.profile = optional_text(object, "profile");
  draft.card = optional_text(object, "card");
  draft.tests = optional_text(object, "tests");
  for (const auto& [key, value] : object_at(object, "metadata")) {
    draft.metadata[std::string(key.data(), key.size())] = text_at(object_at(object, "metadata"), key);
  }
  for (const json::value& item : array_at(object, "files")) {
    const json::object& file = as_object(item);
    const auto digest = Digest::parse(text_at(file, "sha256"));
    if (!digest) return bad_manifest("a file has no SHA-256");
    draft.files.push_back({text_at(file, "path"), count_at(file, "size"), *digest});
  }
  auto manifest = make_manifest(std::move(draft));
  if (!manifest) return bad_manifest(manifest.error().message);
  if (bundle_digest(*manifest).hex() != text_at(version, "digest")) {
    return fail(Code::kDataLoss, "bundle.wrong_digest", "the manifest does not have the digest of the version");
  }
  return manifest;
}

Result<Manifest> fetch_bundle(const GlobalOptions& server, const ModelRef& ref, const std::string& directory) {
  fs::path target = fs::path(directory).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();  // "dir/"
  std::error_code ignored;
  if (target.empty() || fs::exists(fs::symlink_status(target, ignored))) {
    return usage_error(fmt::format("{} exists; name a directory that does not", directory));
  }
  SLIPWAY_TRY(Api api, Api::connect(server));
  SLIPWAY_TRY(const std::string version, api.get(model_target(ref)));
  SLIPWAY_TRY(Manifest manifest, manifest_of(version));
  SLIPWAY_TRY(Gathering gathering, Gathering::make(target));
  for (const ManifestFile& file : manifest.files) SLIPWAY_CHECK(fetch_file(api, ref, file, gathering.path()));
  SLIPWAY_CHECK(gathering.keep_as(target));
  return manifest;
}

Status pull_model(Context& context, const std::string& text, const std::string& directory) {
  watch_for_interrupt();
  SLIPWAY_TRY(const ModelRef ref, parse_version_ref(text));
  SLIPWAY_TRY(const Manifest manifest, fetch_bundle(context.options, ref, directory));
  const std::string digest = bundle_digest(manifest).hex();
  if (context.options.is_json) {
    std::string line;
    JsonWriter writer(line);
    writer.begin_object().key("directory").value(directory).key("digest").value(digest);
    writer.key("files").value(manifest.files.size()).end_object();
    context.out << line << '\n';
  } else {
    context.out << fmt::format("Pulled {}@{} into {}: {} files, {}, digest {} verified.\n", ref.model, ref.version,
                               directory, manifest.files.size(), bytes_text(manifest.size_bytes()), digest);
  }
  return {};
}

}  // namespace slipway::cli

#include "registry/manifest.h"

#include <algorithm>

#include "base/bytes.h"
#include "registry/strict_json.h"

namespace slipway {
namespace {

constexpr std::string_view kReason = "manifest.invalid";
constexpr std::uint64_t kFormat = 1;
constexpr std::uint64_t kSizeMax = (std::uint64_t{1} << 53) - 1;
constexpr std::size_t kPathMax = 1024;
constexpr std::size_t kSegmentsMax = 32;
constexpr std::size_t kSegmentMax = 255;
constexpr std::size_t kMetadataMax = 256;
constexpr std::size_t kMetadataKeyMax = 128;
constexpr std::size_t kMetadataValueMax = 16 << 10;

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, kReason, std::move(message)); }

tl::unexpected<Error> invalid_path(std::string_view path, std::string_view why) {
  return fail(Code::kInvalidArgument, "manifest.invalid_path",
              "path " + slipway::quoted(path) + ": " + std::string(why) +
                  "; accepted are relative paths such as \"data/holdout.csv\"");
}

std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Two files that one file system could not hold side by side.
Status check_collisions(const std::vector<ManifestFile>& files) {
  std::map<std::string, std::string_view> files_by_name;
  for (const ManifestFile& file : files) {
    const auto [other, is_new] = files_by_name.emplace(ascii_lower(file.path), file.path);
    if (is_new) continue;
    if (other->second == file.path) return invalid_path(file.path, "it stands there twice");
    return invalid_path(file.path, "it differs from " + slipway::quoted(other->second) + " only by case");
  }
  std::map<std::string, std::string_view> folders_by_name;
  for (const ManifestFile& file : files) {
    const std::string_view path = file.path;
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
      const std::string_view folder = path.substr(0, slash);
      const std::string name = ascii_lower(folder);
      if (files_by_name.contains(name))
        return invalid_path(folder, "it is a file and the folder of " + slipway::quoted(path));
      const auto [other, is_new] = folders_by_name.emplace(name, folder);
      if (other->second != folder)
        return invalid_path(folder, "it differs from " + slipway::quoted(other->second) + " only by case");
    }
  }
  return {};
}

bool is_metadata_key(std::string_view key) noexcept {
  return !key.empty() && key.size() <= kMetadataKeyMax && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

Status check_metadata(const Manifest& manifest) {
  if (manifest.metadata.size() > kMetadataMax) return invalid("metadata: more than 256 entries");
  for (const auto& [key, value] : manifest.metadata) {
    if (!is_metadata_key(key)) {
      return invalid("metadata: the key " + slipway::quoted(key) +
                     " is not accepted; a key has 1 to 128 of A-Z a-z 0-9 . _ -");
    }
    if (value.size() > kMetadataValueMax || !is_utf8(value)) {
      return invalid("metadata." + key + ": a value is UTF-8 text of at most 16384 bytes");
    }
  }
  return {};
}

Status check_role(const Manifest& manifest, std::string_view role, const std::optional<std::string>& path) {
  if (!path || manifest.find(*path) != nullptr) return {};
  return invalid(std::string(role) + ": " + slipway::quoted(*path) + " is not among the files of the bundle");
}

// Precondition: the files are sorted.
Status check(const Manifest& manifest) {
  if (manifest.files.empty()) return invalid("files: a bundle has at least one file");
  if (manifest.files.size() > kManifestFilesMax) return invalid("files: more than 10000 files");
  std::uint64_t total = 0;
  for (const ManifestFile& file : manifest.files) {
    SLIPWAY_CHECK(check_bundle_path(file.path));
    if (file.size_bytes > kSizeMax || (total += file.size_bytes) > kSizeMax)
      return invalid("files: the sizes exceed 2^53 - 1 bytes");
  }
  SLIPWAY_CHECK(check_collisions(manifest.files));
  if (manifest.runtime != kOnnxRuntime && manifest.runtime != kRemoteRuntime)
    return invalid("runtime: " + slipway::quoted(manifest.runtime) + "; accepted are \"onnx\" and \"remote\"");
  SLIPWAY_CHECK(check_role(manifest, "model", manifest.model));
  SLIPWAY_CHECK(check_role(manifest, "contract", manifest.contract));
  SLIPWAY_CHECK(check_role(manifest, "profile", manifest.profile));
  SLIPWAY_CHECK(check_role(manifest, "card", manifest.card));
  SLIPWAY_CHECK(check_role(manifest, "tests", manifest.tests));
  return check_metadata(manifest);
}

Result<ManifestFile> read_file(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  ManifestFile file;
  SLIPWAY_TRY(const JsonValue path, members.require("path"));
  SLIPWAY_TRY(file.path, path.text());
  SLIPWAY_TRY(const JsonValue size, members.require("size"));
  SLIPWAY_TRY(file.size_bytes, size.natural());
  SLIPWAY_TRY(const JsonValue sha256, members.require("sha256"));
  SLIPWAY_TRY(const std::string_view hex, sha256.text());
  const auto digest = Digest::parse(hex);
  if (!digest) return sha256.refuse("64 hexadecimal digits are expected, found " + slipway::quoted(hex));
  file.sha256 = *digest;
  SLIPWAY_CHECK(members.finish());
  return file;
}

Result<std::string> read_text(const Result<JsonValue>& value) {
  if (!value) return fail(value.error());
  SLIPWAY_TRY(const std::string_view text, value->text());
  return std::string(text);
}

Status read_optional(JsonMembers& members, std::string_view key, std::optional<std::string>& out) {
  const auto value = members.take(key);
  if (!value) return {};
  SLIPWAY_TRY(out, value->text());
  return {};
}

Result<Manifest> read_manifest(const JsonValue& root) {
  SLIPWAY_TRY(JsonMembers members, root.object());
  SLIPWAY_TRY(const JsonValue format, members.require("format"));
  SLIPWAY_TRY(const std::uint64_t number, format.natural());
  if (number != kFormat) return format.refuse("this program reads format 1, found " + std::to_string(number));

  Manifest manifest;
  SLIPWAY_TRY(const JsonValue files, members.require("files"));
  SLIPWAY_TRY(const std::vector<JsonValue> elements, files.array(kManifestFilesMax));
  for (const JsonValue& element : elements) {
    SLIPWAY_TRY(manifest.files.emplace_back(), read_file(element));
  }
  SLIPWAY_TRY(manifest.model, read_text(members.require("model")));
  SLIPWAY_TRY(manifest.runtime, read_text(members.require("runtime")));
  SLIPWAY_CHECK(read_optional(members, "contract", manifest.contract));
  SLIPWAY_CHECK(read_optional(members, "profile", manifest.profile));
  SLIPWAY_CHECK(read_optional(members, "card", manifest.card));
  SLIPWAY_CHECK(read_optional(members, "tests", manifest.tests));
  if (const auto metadata = members.take("metadata")) {
    SLIPWAY_TRY(JsonMembers entries, metadata->object());
    if (entries.size() > kMetadataMax) return metadata->refuse("more than 256 entries");
    for (const auto& [key, value] : entries.take_all()) {
      SLIPWAY_TRY(manifest.metadata[std::string(key)], value.text());
    }
  }
  SLIPWAY_CHECK(members.finish());
  return manifest;
}

}  // namespace

const ManifestFile* Manifest::find(std::string_view path) const noexcept {
  const auto found =
      std::lower_bound(files.begin(), files.end(), path,
                       [](const ManifestFile& file, std::string_view wanted) { return file.path < wanted; });
  return found != files.end() && found->path == path ? &*found : nullptr;
}

std::uint64_t Manifest::size_bytes() const noexcept {
  std::uint64_t total = 0;
  for (const ManifestFile& file : files) total += file.size_bytes;
  return total;
}

Status check_bundle_path(std::string_view path) {
  if (path.empty()) return invalid_path(path, "it is empty");
  if (path.size() > kPathMax) return invalid_path(path, "it is longer than 1024 bytes");
  if (!is_utf8(path)) return invalid_path(path, "it is not UTF-8");
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return invalid_path(path, "it has a control character");
    if (c == '\\') return invalid_path(path, "it has a backslash");
  }
  // U+0080 … U+009F, the other control characters, begin with 0xC2 in UTF-8.
  for (std::size_t at = path.find('\xC2'); at != std::string_view::npos; at = path.find('\xC2', at + 1)) {
    if (static_cast<unsigned char>(path[at + 1]) < 0xA0) return invalid_path(path, "it has a control character");
  }
  std::size_t segments = 0;
  for (std::size_t begin = 0; begin <= path.size(); ++segments) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment.empty()) return invalid_path(path, begin == 0 ? "it is absolute" : "it has an empty segment");
    if (segment == "." || segment == "..") return invalid_path(path, "it has the segment " + slipway::quoted(segment));
    if (segment.size() > kSegmentMax) return invalid_path(path, "it has a segment longer than 255 bytes");
    begin = end + 1;
  }
  if (segments > kSegmentsMax) return invalid_path(path, "it has more than 32 segments");
  return {};
}

Result<Manifest> make_manifest(Manifest draft) {
  std::sort(draft.files.begin(), draft.files.end(),
            [](const ManifestFile& a, const ManifestFile& b) { return a.path < b.path; });
  SLIPWAY_CHECK(check(draft));
  return draft;
}

Result<Manifest> parse_manifest(std::string_view json) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(json, kManifestBytesMax, kReason));
  SLIPWAY_TRY(Manifest read, read_manifest(document.root()));
  SLIPWAY_TRY(Manifest manifest, make_manifest(std::move(read)));
  if (canonical_json(manifest) != json) {
    return fail(Code::kInvalidArgument, "manifest.not_canonical",
                "document: it is not in canonical form (keys and files sorted, no white space, digests in lower case)");
  }
  return manifest;
}

Digest bundle_digest(const Manifest& manifest) { return sha256(canonical_json(manifest)); }

}  // namespace slipway

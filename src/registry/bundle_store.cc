#include "registry/bundle_store.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <set>

#include "base/bytes.h"
#include "registry/local_file.h"

namespace slipway {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;

std::string key_of(std::string_view kind, const Digest& digest) {
  const std::string hex = digest.hex();
  return std::string(kind) + "/sha256/" + hex.substr(0, 2) + '/' + hex;
}

using Sink = std::function<Status(std::span<const std::byte>)>;

// Reads an object once, in pieces; the hash of all of it.
Result<Digest> pump(ObjectReader& reader, const Sink& sink) {
  std::vector<std::byte> buffer(kChunkBytes);
  Sha256 hasher;
  std::uint64_t offset = 0;
  for (;;) {
    SLIPWAY_TRY(const std::size_t size, reader.read_at(offset, buffer));
    if (size == 0) return hasher.finish();
    const auto chunk = std::span<const std::byte>(buffer).first(size);
    hasher.update(chunk);
    SLIPWAY_CHECK(sink(chunk));
    offset += size;
  }
}

Result<Digest> hash_of(ObjectReader& reader) {
  return pump(reader, [](std::span<const std::byte>) { return Status{}; });
}

tl::unexpected<Error> tampered(std::string_view what, const Digest& expected, std::string_view found) {
  return fail(Code::kDataLoss, "bundle.tampered",
              std::string(what) + " has changed in the store: expected SHA-256 " + expected.hex() + ", found " +
                  std::string(found));
}

// Opens the blob of a file of a bundle, which must be there in its size.
Result<std::unique_ptr<ObjectReader>> open_intact_size(ObjectStore& objects, const ManifestFile& file) {
  auto reader = objects.open(blob_key(file.sha256));
  if (!reader && reader.error().code == Code::kNotFound) {
    return fail(Code::kDataLoss, "bundle.missing",
                "file " + slipway::quoted(file.path) + " (SHA-256 " + file.sha256.hex() + ") is missing in the store");
  }
  if (!reader) return fail(reader.error());
  if ((*reader)->size_bytes() != file.size_bytes) {
    return tampered("file " + slipway::quoted(file.path), file.sha256,
                    std::to_string((*reader)->size_bytes()) + " bytes");
  }
  return reader;
}

Status write_verified(ObjectReader& reader, const ManifestFile& file, LocalFile& out) {
  SLIPWAY_TRY(const Digest found, pump(reader, [&](std::span<const std::byte> chunk) { return out.write(chunk); }));
  if (found == file.sha256) return {};
  return tampered("file " + slipway::quoted(file.path), file.sha256, found.hex());
}

// What fails once the file is created takes it away again; a file that was there stays.
Status write_file(ObjectStore& objects, const ManifestFile& file, const std::filesystem::path& path) {
  SLIPWAY_TRY(const std::unique_ptr<ObjectReader> reader, open_intact_size(objects, file));
  SLIPWAY_TRY(LocalFile out, LocalFile::create(path.string()));
  Status status = write_verified(*reader, file, out);
  if (!status) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  return status;
}

Status write_below(ObjectStore& objects, const ManifestFile& file, const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / file.path;
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (!error) return write_file(objects, file, path);
  return fail(Code::kUnavailable, "file.error",
              "cannot create " + path.parent_path().string() + ": " + error.message());
}

// False when the object's bytes are not those of its name.
Result<bool> is_intact(ObjectStore& objects, const std::string& key, const Digest& expected) {
  SLIPWAY_TRY(const std::unique_ptr<ObjectReader> reader, objects.open(key));
  SLIPWAY_TRY(const Digest found, hash_of(*reader));
  return found == expected;
}

// Whether the blob is there. One that has changed there is removed, to be replaced.
Result<bool> has_intact(ObjectStore& objects, const Digest& digest) {
  const std::string key = blob_key(digest);
  const auto there = objects.stat(key);
  if (!there && there.error().code == Code::kNotFound) return false;
  if (!there) return fail(there.error());
  SLIPWAY_TRY(const bool is_kept, is_intact(objects, key, digest));
  if (!is_kept) SLIPWAY_CHECK(objects.remove(key));
  return is_kept;
}

// Another writer may put the same bytes meanwhile.
Status or_exists(Status finished) {
  if (!finished && finished.error().code == Code::kAlreadyExists) return {};
  return finished;
}

Result<std::string> read_manifest(ObjectStore& objects, const Digest& bundle) {
  auto reader = objects.open(manifest_key(bundle));
  if (!reader && reader.error().code == Code::kNotFound) {
    return fail(Code::kNotFound, "bundle.not_found", "bundle " + bundle.hex() + " does not exist");
  }
  if (!reader) return fail(reader.error());
  const std::uint64_t size = (*reader)->size_bytes();
  if (size > kManifestBytesMax) return tampered("the manifest", bundle, std::to_string(size) + " bytes");
  std::string text(size, '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    SLIPWAY_TRY(const std::size_t got, (*reader)->read_at(at, std::as_writable_bytes(std::span(text).subspan(at))));
    if (got == 0) break;
    at += got;
  }
  text.resize(at);
  if (const Digest found = sha256(text); found != bundle) return tampered("the manifest", bundle, found.hex());
  return text;
}

Result<VerifiedFile> verify_file(ObjectStore& objects, const ManifestFile& file) {
  const auto reader = objects.open(blob_key(file.sha256));
  if (!reader && reader.error().code == Code::kNotFound) return VerifiedFile{file.path, FileVerdict::kMissing, ""};
  if (!reader) return fail(reader.error());
  SLIPWAY_TRY(const Digest found, hash_of(**reader));
  if (found == file.sha256) return VerifiedFile{file.path, FileVerdict::kIntact, ""};
  return VerifiedFile{file.path, FileVerdict::kTampered, found.hex()};
}

}  // namespace

std::string blob_key(const Digest& digest) { return key_of("blobs", digest); }
std::string manifest_key(const Digest& bundle) { return key_of("manifests", bundle); }

std::string_view to_string(FileVerdict verdict) noexcept {
  static constexpr std::array<std::string_view, 3> kNames = {"intact", "missing", "tampered"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Error incomplete_bundle() {
  return {Code::kFailedPrecondition,
          "bundle.incomplete",
          "files of the bundle are not in the store; upload them first",
          {}};
}

Status BundleStore::put_blob(std::span<const std::byte> bytes, const Digest& expected) const {
  if (const Digest found = sha256(bytes); found != expected) {
    return fail(Code::kInvalidArgument, "bundle.digest_mismatch",
                "the bytes have the SHA-256 " + found.hex() + ", announced was " + expected.hex());
  }
  SLIPWAY_TRY(const bool is_there, has_intact(*objects_, expected));
  if (is_there) return {};
  SLIPWAY_TRY(const std::unique_ptr<ObjectWriter> writer, objects_->create(blob_key(expected)));
  SLIPWAY_CHECK(writer->append(bytes));
  return or_exists(writer->finish());
}

Status BundleStore::adopt_blob(const std::string& file, const Digest& digest) const {
  SLIPWAY_TRY(const bool is_there, has_intact(*objects_, digest));
  if (is_there) return {};
  return or_exists(objects_->adopt(blob_key(digest), file));
}

Result<std::unique_ptr<ObjectReader>> BundleStore::open_blob(const ManifestFile& file) const {
  return open_intact_size(*objects_, file);
}

Result<std::vector<Digest>> BundleStore::missing(std::span<const Digest> digests) const {
  std::vector<Digest> absent;
  std::set<Digest> seen;
  for (const Digest& digest : digests) {
    if (!seen.insert(digest).second) continue;
    const auto info = objects_->stat(blob_key(digest));
    if (info) continue;
    if (info.error().code != Code::kNotFound) return fail(info.error());
    absent.push_back(digest);
  }
  return absent;
}

Status BundleStore::put_manifest(const Manifest& manifest) const {
  Error incomplete = incomplete_bundle();
  for (const ManifestFile& file : manifest.files) {
    const auto info = objects_->stat(blob_key(file.sha256));
    if (!info && info.error().code != Code::kNotFound) return fail(info.error());
    if (!info) {
      incomplete.details.push_back({file.path, -1, "", "missing"});
    } else if (info->size_bytes != file.size_bytes) {
      incomplete.details.push_back(
          {file.path, -1, std::to_string(info->size_bytes) + " bytes", std::to_string(file.size_bytes) + " bytes"});
    }
  }
  if (!incomplete.details.empty()) return fail(std::move(incomplete));
  const std::string json = canonical_json(manifest);
  const std::string key = manifest_key(sha256(json));
  if (objects_->stat(key)) return {};
  SLIPWAY_TRY(const std::unique_ptr<ObjectWriter> writer, objects_->create(key));
  SLIPWAY_CHECK(writer->append(as_bytes(json)));
  return or_exists(writer->finish());
}

std::string BundleStore::stamp(const Digest& bundle) const {
  std::vector<std::string> keys = {manifest_key(bundle)};
  if (const auto content = manifest(bundle)) {
    for (const ManifestFile& file : content->files) keys.push_back(blob_key(file.sha256));
  }
  std::string stamp;
  for (const std::string& key : keys) {
    const auto info = objects_->stat(key);
    stamp += info ? std::to_string(info->size_bytes) + '@' + std::to_string(info->modified.time_since_epoch().count())
                  : info.error().reason;
    stamp += ' ';
  }
  return stamp;
}

Result<Manifest> BundleStore::manifest(const Digest& bundle) const {
  SLIPWAY_TRY(const std::string text, read_manifest(*objects_, bundle));
  return parse_manifest(text);
}

Result<AlignedBytes> BundleStore::load(const Manifest& manifest, std::string_view path) const {
  const ManifestFile* const file = manifest.find(path);
  if (file == nullptr) {
    return fail(Code::kNotFound, "bundle.no_such_file", "file " + slipway::quoted(path) + " is not in the bundle");
  }
  SLIPWAY_TRY(const std::unique_ptr<ObjectReader> reader, open_intact_size(*objects_, *file));
  AlignedBytes loaded(file->size_bytes);
  for (std::size_t at = 0; at < loaded.size();) {
    SLIPWAY_TRY(const std::size_t size, reader->read_at(at, loaded.bytes().subspan(at)));
    if (size == 0) return tampered("file " + slipway::quoted(path), file->sha256, std::to_string(at) + " bytes");
    at += size;
  }
  if (const Digest found = sha256(std::as_const(loaded).bytes()); found != file->sha256) {
    return tampered("file " + slipway::quoted(path), file->sha256, found.hex());
  }
  return loaded;
}

Status BundleStore::materialise(const Digest& bundle, const std::string& directory) const {
  SLIPWAY_TRY(const Manifest content, manifest(bundle));
  std::error_code error;
  if (!std::filesystem::create_directory(directory, error)) {
    if (!error) return fail(Code::kAlreadyExists, "file.exists", slipway::quoted(directory, 256) + " exists already");
    return fail(Code::kUnavailable, "file.error",
                "cannot create " + slipway::quoted(directory, 256) + ": " + error.message());
  }
  for (const ManifestFile& file : content.files) {
    if (Status status = write_below(*objects_, file, directory); !status) {
      std::filesystem::remove_all(directory, error);
      return status;
    }
  }
  return {};
}

Result<VerifyReport> BundleStore::verify(const Digest& bundle) const {
  VerifyReport report;
  report.bundle = bundle;
  const auto content = manifest(bundle);
  if (!content) {
    const Code code = content.error().code;
    if (code != Code::kNotFound && code != Code::kDataLoss) return fail(content.error());
    report.files.push_back({"", code == Code::kNotFound ? FileVerdict::kMissing : FileVerdict::kTampered, ""});
    return report;
  }
  report.files.push_back({"", FileVerdict::kIntact, ""});
  for (const ManifestFile& file : content->files) {
    SLIPWAY_TRY(report.files.emplace_back(), verify_file(*objects_, file));
    if (report.files.back().verdict == FileVerdict::kIntact) report.size_bytes += file.size_bytes;
  }
  report.is_intact = std::all_of(report.files.begin(), report.files.end(),
                                 [](const VerifiedFile& file) { return file.verdict == FileVerdict::kIntact; });
  return report;
}

}  // namespace slipway

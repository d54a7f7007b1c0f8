#include "tracking/artifact_files.h"

#include <filesystem>
#include <functional>

#include "base/id.h"
#include "registry/local_file.h"
#include "registry/transact.h"

namespace slipway {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;

Result<std::uint64_t> size_of(const std::string& path) {
  SLIPWAY_TRY(const LocalFile file, LocalFile::open(path));
  return file.size_bytes();
}

// Copies one blob to the end of `out`; its bytes go through both hashes.
Status append_part(ObjectStore& objects, const ManifestFile& part, LocalFile& out, Sha256& whole) {
  SLIPWAY_TRY(const std::unique_ptr<ObjectReader> reader, objects.open(blob_key(part.sha256)));
  std::vector<std::byte> buffer(kChunkBytes);
  Sha256 own;
  for (std::uint64_t offset = 0;;) {
    SLIPWAY_TRY(const std::size_t size, reader->read_at(offset, buffer));
    if (size == 0) break;
    const auto chunk = std::span<const std::byte>(buffer).first(size);
    own.update(chunk);
    whole.update(chunk);
    SLIPWAY_CHECK(out.write(chunk));
    offset += size;
  }
  if (const Digest found = own.finish(); found != part.sha256) {
    return fail(
        Code::kDataLoss, "bundle.tampered",
        part.path + " has changed in the store: expected SHA-256 " + part.sha256.hex() + ", found " + found.hex());
  }
  return {};
}

// Stores the bytes, then lets `name` write what keeps them; again where a collection took them in between.
Status keep(Database& database, const BundleStore& bundles, const std::string& file, const Digest& digest,
            const std::function<Status(Transaction&)>& name) {
  SLIPWAY_CHECK(bundles.adopt_blob(file, digest));
  SLIPWAY_CHECK(database.write(name));
  SLIPWAY_TRY(const std::vector<Digest> missing, bundles.missing(std::span(&digest, 1)));
  return missing.empty() ? Status{} : bundles.adopt_blob(file, digest);
}

}  // namespace

Status ArtifactFiles::put(std::string_view path, const std::string& file, const Digest& digest) const {
  SLIPWAY_CHECK(check_artifact_path(path));
  SLIPWAY_TRY(const std::uint64_t size, size_of(file));
  return keep(*database_, *bundles_, file, digest, [&](Transaction& t) { return store_.put(t, path, digest, size); });
}

Status ArtifactFiles::put_part(std::string_view upload_id, std::int64_t number, const std::string& file,
                               const Digest& digest) const {
  SLIPWAY_TRY(const std::uint64_t size, size_of(file));
  return keep(*database_, *bundles_, file, digest,
              [&](Transaction& t) { return uploads_.put_part(t, upload_id, number, digest, size); });
}

Result<ManifestFile> ArtifactFiles::join(std::span<const ManifestFile> parts, const std::string& into) const {
  SLIPWAY_TRY(LocalFile out, LocalFile::create(into));
  ManifestFile whole{"", 0, {}};
  Sha256 hasher;
  for (const ManifestFile& part : parts) {
    SLIPWAY_CHECK(append_part(*objects_, part, out, hasher));
    whole.size_bytes += part.size_bytes;
  }
  whole.sha256 = hasher.finish();
  return whole;
}

Status ArtifactFiles::complete(std::string_view upload_id, std::string_view path,
                               const std::vector<CompletedPart>& completed) const {
  SLIPWAY_TRY(const std::vector<ManifestFile> parts,
              in_read(*database_, [&](Transaction& t) { return uploads_.parts(t, upload_id, path, completed); }));
  const std::string joined = temporary_directory_ + "/join-" + Id::make().to_string();
  const std::shared_ptr<void> remover(nullptr, [&](void*) {
    std::error_code ignored;
    std::filesystem::remove(joined, ignored);
  });
  SLIPWAY_TRY(const ManifestFile whole, join(parts, joined));
  return keep(*database_, *bundles_, joined, whole.sha256, [&](Transaction& t) -> Status {
    SLIPWAY_CHECK(store_.put(t, path, whole.sha256, whole.size_bytes));
    return uploads_.remove(t, upload_id);
  });
}

}  // namespace slipway

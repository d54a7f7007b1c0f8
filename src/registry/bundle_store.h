// The bytes of bundles, by their hash: blobs/sha256/ab/<hex> and manifests/sha256/ab/<hex> in an object store.
//
// Written once, shared by all bundles that hold the same bytes, and hashed again on every read: bytes that changed are
// never handed out (data_loss "bundle.tampered", "bundle.missing", naming the file). What a bundle needs stays until
// registry/garbage.h removes it. All calls block; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "registry/aligned_bytes.h"
#include "registry/manifest.h"
#include "storage/objects.h"

namespace slipway {

std::string blob_key(const Digest& digest);
std::string manifest_key(const Digest& bundle);

enum class FileVerdict : std::uint8_t { kIntact, kMissing, kTampered };
std::string_view to_string(FileVerdict verdict) noexcept;  // "intact", …

struct VerifiedFile {
  std::string path;  // "" for the manifest itself
  FileVerdict verdict = FileVerdict::kIntact;
  std::string found;  // digest of what is there, when it was tampered with
};

// failed_precondition "bundle.incomplete", for a detail each: field is the path, rule what it should be.
Error incomplete_bundle();

struct VerifyReport {
  Digest bundle;
  bool is_intact = false;
  std::uint64_t size_bytes = 0;  // hashed
  std::vector<VerifiedFile> files;
};

class BundleStore {
 public:
  // `objects` outlives the store.
  explicit BundleStore(ObjectStore& objects) : objects_(&objects) {}

  // invalid_argument "bundle.digest_mismatch" unless their hash is `expected`. Ok if the blob is there already.
  Status put_blob(std::span<const std::byte> bytes, const Digest& expected) const;
  // Takes in a local regular file that is known to have the hash `digest` (HttpRequest::body_digest), without a copy
  // where the store can; nobody may write to it any more. Durable when ok; also ok if the blob is there already.
  Status adopt_blob(const std::string& file, const Digest& digest) const;
  // The bytes of a blob, which its reader has to check against its digest; data_loss "bundle.missing",
  // "bundle.tampered" where its size is another.
  Result<std::unique_ptr<ObjectReader>> open_blob(const ManifestFile& file) const;
  // Those of `digests` that are not there, each once, in order.
  Result<std::vector<Digest>> missing(std::span<const Digest> digests) const;
  // failed_precondition "bundle.incomplete" (details: a path each) while a blob is missing or has another size.
  Status put_manifest(const Manifest& manifest) const;

  // Changes when stored objects of the bundle are replaced, appear or go; reads none but the manifest.
  std::string stamp(const Digest& bundle) const;
  Result<Manifest> manifest(const Digest& bundle) const;  // not_found "bundle.not_found"
  Result<AlignedBytes> load(const Manifest& manifest, std::string_view path) const;
  // Writes every file below `directory`, which must not exist: as a whole, or not at all. Files are read-only.
  Status materialise(const Digest& bundle, const std::string& directory) const;
  // Hashes everything again. An error only if the store cannot be read; faults are in the report.
  Result<VerifyReport> verify(const Digest& bundle) const;

 private:
  ObjectStore* objects_;
};

}  // namespace slipway

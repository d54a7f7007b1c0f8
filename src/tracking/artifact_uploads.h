// Uploads in parts: what is known of each until it is complete. Parts are blobs, kept by registry/garbage.h while their
// upload is known.
//
// In SQL, inside the caller's transaction; stateless, shared by all threads. Errors: invalid_argument
// "artifact.invalid_upload", "artifact.invalid_path"; not_found "artifact.no_upload"; those of storage/sql.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "registry/manifest.h"
#include "storage/sql.h"

namespace slipway {

constexpr std::int64_t kUploadPartsMax = 10'000;

struct ArtifactUpload {
  std::string id;
  std::string path;
  std::int64_t parts = 0;
};

// What the client says it uploaded.
struct CompletedPart {
  std::int64_t number = 0;  // from 1
  std::string etag;         // of the answer to the part
};

std::string part_etag(const Digest& digest);  // "\"<hex>\""

class ArtifactUploads {
 public:
  explicit ArtifactUploads(const Clock& clock = system_clock(), Random& random = system_random())
      : clock_(&clock), random_(&random) {}

  Result<ArtifactUpload> create(Transaction& t, std::string_view path, std::int64_t parts,
                                std::string_view principal) const;
  // A part that is sent again takes the place of the earlier one.
  Status put_part(Transaction& t, std::string_view id, std::int64_t number, const Digest& digest,
                  std::uint64_t size_bytes) const;
  // The blobs of the parts, in the order of their numbers: of each that the client names, with that very etag.
  // `path`: the one the upload was created for.
  Result<std::vector<ManifestFile>> parts(Transaction& t, std::string_view id, std::string_view path,
                                          const std::vector<CompletedPart>& completed) const;
  Status remove(Transaction& t, std::string_view id) const;  // ok if unknown
  // Of uploads that broke off.
  Status remove_older(Transaction& t, WallTime before) const;

  // Makes it on the first call.
  Result<Secret> signing_key(Transaction& t) const;

 private:
  const Clock* clock_;
  Random* random_;
};

}  // namespace slipway

#include "registry/uploads.h"

#include <algorithm>
#include <set>

#include "registry/bundle_store.h"

namespace slipway {
namespace {

// An empty model stands for an upload of one's own.
Result<bool> is_usable(Transaction& transaction, const Digest& blob, const BlobReader& reader, std::int64_t since) {
  SLIPWAY_TRY(
      const std::vector<Row> rows,
      transaction.query("SELECT '' FROM blob_uploads WHERE object_key = $1 AND principal = $2 AND uploaded_at >= $3 "
                        "UNION SELECT v.model FROM bundle_objects o JOIN versions v ON v.digest = o.bundle "
                        "WHERE o.object_key = $1",
                        {blob_key(blob), std::string(reader.principal), since}));
  return std::any_of(rows.begin(), rows.end(),
                     [&](const Row& row) { return row.text(0).empty() || reader.may_read(row.text(0)); });
}

}  // namespace

Status note_upload(Transaction& transaction, const Digest& blob, std::string_view principal, const Clock& clock) {
  SLIPWAY_CHECK(
      transaction.execute("INSERT INTO blob_uploads (object_key, principal, uploaded_at) VALUES ($1, $2, $3) "
                          "ON CONFLICT (object_key, principal) DO UPDATE SET uploaded_at = excluded.uploaded_at",
                          {blob_key(blob), std::string(principal), clock.now().time_since_epoch().count()}));
  return {};
}

Result<std::vector<Digest>> foreign_blobs(Transaction& transaction, std::span<const Digest> blobs,
                                          const BlobReader& reader, const Clock& clock) {
  const std::int64_t since = (clock.now() - kUploadKept).time_since_epoch().count();
  std::vector<Digest> foreign;
  std::set<Digest> seen;
  for (const Digest& blob : blobs) {
    if (!seen.insert(blob).second) continue;
    SLIPWAY_TRY(const bool is_own, is_usable(transaction, blob, reader, since));
    if (!is_own) foreign.push_back(blob);
  }
  return foreign;
}

Status check_no_foreign_files(Transaction& transaction, const Manifest& manifest, const BlobReader& reader,
                              const Clock& clock) {
  std::vector<Digest> blobs;
  for (const ManifestFile& file : manifest.files) blobs.push_back(file.sha256);
  SLIPWAY_TRY(const std::vector<Digest> foreign, foreign_blobs(transaction, blobs, reader, clock));
  if (foreign.empty()) return {};
  Error incomplete = incomplete_bundle();
  for (const ManifestFile& file : manifest.files) {
    if (std::find(foreign.begin(), foreign.end(), file.sha256) == foreign.end()) continue;
    incomplete.details.push_back({file.path, -1, "", "missing"});
  }
  return fail(std::move(incomplete));
}

}  // namespace slipway

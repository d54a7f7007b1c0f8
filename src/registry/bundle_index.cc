#include "registry/bundle_index.h"

#include <set>

#include "registry/bundle_store.h"

namespace slipway {

Status index_bundle(Transaction& transaction, const Manifest& manifest, const Clock& clock) {
  const Digest digest = bundle_digest(manifest);
  const std::string bundle = digest.hex();
  const std::int64_t now = clock.now().time_since_epoch().count();
  SLIPWAY_CHECK(
      transaction.execute("INSERT INTO bundles (digest, size_bytes, touched_at) VALUES ($1, $2, $3) "
                          "ON CONFLICT (digest) DO UPDATE SET touched_at = excluded.touched_at",
                          {bundle, static_cast<std::int64_t>(manifest.size_bytes()), now}));
  std::set<std::string> keys = {manifest_key(digest)};
  for (const ManifestFile& file : manifest.files) keys.insert(blob_key(file.sha256));
  std::vector<SqlArguments> rows;
  for (const std::string& key : keys) rows.push_back({bundle, key});
  SLIPWAY_CHECK(transaction.execute_batch(
      "INSERT INTO bundle_objects (bundle, object_key) VALUES ($1, $2) ON CONFLICT (bundle, object_key) DO NOTHING",
      rows));
  SLIPWAY_TRY(const std::vector<Row> condemned,
              transaction.query(
                  "SELECT c.object_key FROM condemned_objects c JOIN bundle_objects o ON o.object_key = c.object_key "
                  "WHERE o.bundle = $1 LIMIT 1",
                  {bundle}));
  if (condemned.empty()) return {};
  return fail(Code::kUnavailable, "bundle.collecting",
              "an unused copy of a file of this bundle is just being removed; try again");
}

}  // namespace slipway

#include "registry/garbage.h"

#include <algorithm>
#include <span>

#include "registry/transact.h"

namespace slipway {
namespace {

constexpr std::size_t kBatch = 256;  // objects a transaction: writers wait for it

Status remove_condemned(Database& database, ObjectStore& objects) {
  SLIPWAY_TRY(const std::vector<Row> condemned,
              in_read(database, [](Transaction& t) { return t.query("SELECT object_key FROM condemned_objects"); }));
  for (const Row& row : condemned) SLIPWAY_CHECK(objects.remove(row.text(0)));
  return database.write([&](Transaction& t) -> Status {
    std::vector<SqlArguments> keys;
    for (const Row& row : condemned) keys.push_back({row.text(0)});
    return t.execute_batch("DELETE FROM condemned_objects WHERE object_key = $1", keys);
  });
}

Result<std::int64_t> forget_bundles(Database& database, std::int64_t before) {
  return in_write(database, [&](Transaction& t) -> Result<std::int64_t> {
    SLIPWAY_CHECK(t.execute("DELETE FROM blob_uploads WHERE uploaded_at < $1", {before}));
    SLIPWAY_CHECK(
        t.execute("DELETE FROM bundle_objects WHERE bundle IN (SELECT b.digest FROM bundles b WHERE b.touched_at < $1 "
                  "AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.digest = b.digest))",
                  {before}));
    return t.execute(
        "DELETE FROM bundles WHERE touched_at < $1 "
        "AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.digest = bundles.digest)",
        {before});
  });
}

// The digest that an object is named by.
std::string digest_of(const std::string& key) { return key.substr(key.rfind('/') + 1); }

// Of these objects, those that no bundle, no artifact and no upload needs and nobody uploaded lately; they are
// condemned when this returns.
Result<std::vector<const ObjectInfo*>> condemn(Database& database, std::span<const ObjectInfo> batch) {
  return in_write(database, [&](Transaction& t) -> Result<std::vector<const ObjectInfo*>> {
    std::vector<const ObjectInfo*> condemned;
    for (const ObjectInfo& object : batch) {
      SLIPWAY_TRY(
          const std::int64_t count,
          t.execute("INSERT INTO condemned_objects (object_key) SELECT o.object_key FROM (SELECT $1 AS object_key) o "
                    "WHERE NOT EXISTS (SELECT 1 FROM bundle_objects b WHERE b.object_key = $1) "
                    "AND NOT EXISTS (SELECT 1 FROM blob_uploads u WHERE u.object_key = $1) "
                    "AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.digest = $2) "
                    "AND NOT EXISTS (SELECT 1 FROM artifact_parts p WHERE p.digest = $2)",
                    {object.key, digest_of(object.key)}));
      if (count > 0) condemned.push_back(&object);
    }
    return condemned;
  });
}

}  // namespace

Result<GarbageReport> collect_garbage(Database& database, ObjectStore& objects, const Clock& clock,
                                      std::chrono::seconds grace) {
  const WallTime before = clock.now() - grace;
  SLIPWAY_CHECK(remove_condemned(database, objects));
  GarbageReport report;
  SLIPWAY_TRY(report.bundles, forget_bundles(database, before.time_since_epoch().count()));
  for (const char* const prefix : {"blobs/", "manifests/"}) {
    SLIPWAY_TRY(std::vector<ObjectInfo> listed, objects.list(prefix));
    std::erase_if(listed, [&](const ObjectInfo& object) { return object.modified >= before; });
    for (std::size_t at = 0; at < listed.size(); at += kBatch) {
      const auto batch = std::span<const ObjectInfo>(listed).subspan(at, std::min(kBatch, listed.size() - at));
      SLIPWAY_TRY(const std::vector<const ObjectInfo*> condemned, condemn(database, batch));
      if (condemned.empty()) continue;
      SLIPWAY_CHECK(remove_condemned(database, objects));
      for (const ObjectInfo* const object : condemned) report.size_bytes += object->size_bytes;
      report.objects += static_cast<std::int64_t>(condemned.size());
    }
  }
  return report;
}

}  // namespace slipway

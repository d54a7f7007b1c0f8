// Removes what neither a version nor an artifact needs: files of uploads that broke off, bundles of refused pushes,
// replaced drafts, overwritten files of runs.
//
// Nothing younger than the grace period goes, so an upload has that long from its first file to its version. Objects
// are first condemned in SQL, in the transaction that proves that nothing needs them; index_bundle refuses condemned
// ones; so a file is never removed under a bundle that was just added. A collection cut short is completed by the next.
// Precondition: one collection at a time for a database.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "base/result.h"
#include "storage/objects.h"
#include "storage/sql.h"

namespace slipway {

struct GarbageReport {
  std::int64_t bundles = 0;
  std::int64_t objects = 0;
  std::uint64_t size_bytes = 0;
};

Result<GarbageReport> collect_garbage(Database& database, ObjectStore& objects, const Clock& clock,
                                      std::chrono::seconds grace);

}  // namespace slipway

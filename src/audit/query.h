// Finds records in a log. Works on a Catalog, so equally on a log that is being written and on one at rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/catalog.h"
#include "audit/record.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace slipway::audit {

// A record with the leaf it was read from.
struct StoredRecord {
  std::uint64_t index = 0;
  std::vector<std::byte> leaf;
  Record record() const;  // points into `leaf`
};

// Every condition that is set must hold.
struct Query {
  std::optional<WallTime> from;   // included
  std::optional<WallTime> until;  // not included
  std::optional<std::string> endpoint;
  std::optional<std::string> model;
  std::optional<std::string> version;
  std::optional<std::string> principal;
  std::optional<std::string> action;
  std::optional<Id> id;
  std::optional<Kind> kind;
  bool is_newest_first = false;
  std::size_t limit = 100;              // 1 to kQueryLimitMax
  std::optional<std::uint64_t> cursor;  // QueryPage::next of the page before
};
inline constexpr std::size_t kQueryLimitMax = 10'000;

struct QueryPage {
  std::vector<StoredRecord> records;
  std::optional<std::uint64_t> next;  // absent: there is no more
};

// Segments outside the time range are not read, and with an id only the segments that hold it. Else linear in what is
// read. invalid_argument "audit.query_invalid"; data_loss "audit.corrupt".
Result<QueryPage> query(const Catalog& catalog, const Query& query);

// The records of a request, in order: one prediction, perhaps with shadows. Empty if there is none.
Result<std::vector<StoredRecord>> find(const Catalog& catalog, const Id& id);
// out_of_range "audit.index_out_of_range" if the log is shorter.
Result<StoredRecord> record_at(const Catalog& catalog, std::uint64_t index);

}  // namespace slipway::audit

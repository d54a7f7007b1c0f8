#include "audit/query.h"

#include <algorithm>
#include <cassert>

#include "audit/id_index.h"

namespace slipway::audit {
namespace {

bool matches(const Record& record, const Query& query) {
  const auto is = [](const auto& wanted, const auto& found) { return !wanted || *wanted == found; };
  return (!query.from || record.time >= *query.from) && (!query.until || record.time < *query.until) &&
         is(query.endpoint, record.endpoint) && is(query.model, record.model) && is(query.version, record.version) &&
         is(query.principal, record.principal) && is(query.action, record.action) && is(query.id, record.id) &&
         is(query.kind, record.kind);
}

bool can_match(const SegmentInfo& segment, const Query& query) {
  if (segment.count == 0) return false;
  if (query.from && segment.latest < *query.from) return false;
  if (query.until && segment.earliest >= *query.until) return false;
  if (!query.cursor) return true;
  return query.is_newest_first ? segment.first_index < *query.cursor : segment.end_index() > *query.cursor;
}

Result<StoredRecord> read_at(std::span<const std::byte> segment, const std::filesystem::path& path,
                             const Place& place) {
  FrameCursor cursor(segment, place.index, place.offset);
  const auto leaf = cursor.next();
  if (!leaf) return fail(corrupt_at(path, place.offset, place.index, "the record is damaged"));
  return StoredRecord{place.index, {leaf->begin(), leaf->end()}};
}

// Collects from one segment after the other until the page is full.
class Search {
 public:
  Search(const Catalog& catalog, const Query& query) : catalog_(catalog), query_(query) {}

  bool is_full() const noexcept { return page_.next.has_value(); }
  QueryPage take() { return std::move(page_); }

  Status visit(const SegmentInfo& segment) {
    const auto path = catalog_.path(segment);
    SLIPWAY_TRY(const Mapping mapping, Mapping::open(path));
    const auto bytes = mapping.bytes().first(std::min<std::size_t>(segment.data_bytes, mapping.bytes().size()));
    SLIPWAY_TRY(auto places, candidates(bytes, path, segment));
    if (query_.is_newest_first) std::reverse(places.begin(), places.end());
    for (const Place& place : places) {
      if (page_.records.size() == query_.limit) {
        page_.next = query_.is_newest_first ? place.index + 1 : place.index;
        return {};
      }
      SLIPWAY_TRY(StoredRecord stored, read_at(bytes, path, place));
      page_.records.push_back(std::move(stored));
    }
    return {};
  }

 private:
  bool is_before_cursor(std::uint64_t index) const noexcept {
    if (!query_.cursor) return false;
    return query_.is_newest_first ? index >= *query_.cursor : index < *query_.cursor;
  }

  // Places of the matching records, in order.
  Result<std::vector<Place>> candidates(std::span<const std::byte> bytes, const std::filesystem::path& path,
                                        const SegmentInfo& segment) const {
    std::vector<Place> places;
    FrameCursor cursor(bytes, segment.first_index);
    // Oldest first may stop at the first record that does not fit the page.
    while (query_.is_newest_first || places.size() <= query_.limit - page_.records.size()) {
      const Place place{cursor.index(), cursor.offset()};
      const auto leaf = cursor.next();
      if (!leaf) break;
      if (is_before_cursor(place.index)) continue;
      if (const auto record = decode(*leaf); record && matches(*record, query_)) places.push_back(place);
    }
    const bool is_at_end = cursor.offset() == segment.data_bytes;
    if (!is_at_end && (query_.is_newest_first || places.size() <= query_.limit - page_.records.size())) {
      return fail(corrupt_at(path, cursor.offset(), cursor.index(), "the record is damaged"));
    }
    return places;
  }

  const Catalog& catalog_;
  const Query& query_;
  QueryPage page_;
};

Result<QueryPage> query_by_id(const Catalog& catalog, const Query& query) {
  SLIPWAY_TRY(auto found, find(catalog, *query.id));
  std::erase_if(found, [&](const StoredRecord& stored) {
    const auto record = decode(stored.leaf);
    return !record || !matches(*record, query);
  });
  if (query.is_newest_first) std::reverse(found.begin(), found.end());
  if (found.size() > query.limit) found.resize(query.limit);  // a request has a handful of records
  return QueryPage{std::move(found), std::nullopt};
}

}  // namespace

Record StoredRecord::record() const {
  auto record = decode(leaf);
  assert(record.has_value());  // queries return none that does not decode
  return *std::move(record);
}

Result<QueryPage> query(const Catalog& catalog, const Query& query) {
  if (query.limit == 0 || query.limit > kQueryLimitMax) {
    return fail(Code::kInvalidArgument, "audit.query_invalid",
                "'limit' is " + std::to_string(query.limit) + "; accepted: 1 to " + std::to_string(kQueryLimitMax));
  }
  if (query.id) return query_by_id(catalog, query);
  Search search(catalog, query);
  const std::size_t count = catalog.segments.size();
  for (std::size_t i = 0; i < count && !search.is_full(); ++i) {
    const SegmentInfo& segment = catalog.segments[query.is_newest_first ? count - 1 - i : i];
    if (can_match(segment, query)) SLIPWAY_CHECK(search.visit(segment));
  }
  return search.take();
}

Result<std::vector<StoredRecord>> find(const Catalog& catalog, const Id& id) {
  std::vector<StoredRecord> records;
  for (const SegmentInfo& segment : catalog.segments) {
    if (!segment.may_hold(id)) continue;
    const auto path = catalog.path(segment);
    SLIPWAY_TRY(const auto places, find_in_segment(path, segment, id));
    if (places.empty()) continue;
    SLIPWAY_TRY(const Mapping mapping, Mapping::open(path));
    for (const Place& place : places) {
      SLIPWAY_TRY(StoredRecord stored, read_at(mapping.bytes(), path, place));
      if (decode(stored.leaf)) records.push_back(std::move(stored));
    }
  }
  return records;
}

Result<StoredRecord> record_at(const Catalog& catalog, std::uint64_t index) {
  if (index >= catalog.size()) {
    return fail(Code::kOutOfRange, "audit.index_out_of_range",
                "record " + std::to_string(index) + " is not in the log of " + std::to_string(catalog.size()));
  }
  const auto after =
      std::upper_bound(catalog.segments.begin(), catalog.segments.end(), index,
                       [](std::uint64_t wanted, const SegmentInfo& info) { return wanted < info.first_index; });
  const SegmentInfo& segment = *std::prev(after);
  const auto path = catalog.path(segment);
  SLIPWAY_TRY(const Mapping mapping, Mapping::open(path));
  FrameCursor cursor(mapping.bytes(), segment.first_index);
  while (const auto leaf = cursor.next()) {
    if (cursor.index() == index + 1) return StoredRecord{index, {leaf->begin(), leaf->end()}};
  }
  return fail(corrupt_at(path, cursor.offset(), cursor.index(), "the record is damaged"));
}

}  // namespace slipway::audit

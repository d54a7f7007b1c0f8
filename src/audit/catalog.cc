#include "audit/catalog.h"

#include <algorithm>

#include "audit/id_index.h"
#include "audit/record.h"

namespace slipway::audit {

void SegmentInfo::add(std::span<const std::byte> leaf) noexcept {
  ++count;
  data_bytes += frame_bytes(leaf.size());
  if (leaf.size() < kLeafBytesMin) return;  // not a record; the verifier says so
  const Id id = leaf_id(leaf);
  lowest_id = std::min(lowest_id.value_or(id), id);
  highest_id = std::max(highest_id.value_or(id), id);
  earliest = std::min(earliest, leaf_time(leaf));
  latest = std::max(latest, leaf_time(leaf));
}

SegmentInfo scan_segment(std::span<const std::byte> segment, std::uint64_t first_index) noexcept {
  SegmentInfo info;
  info.first_index = first_index;
  FrameCursor cursor(segment, first_index);
  while (const auto leaf = cursor.next()) info.add(*leaf);
  return info;
}

Result<Catalog> open_catalog(const std::filesystem::path& directory) {
  Catalog catalog{directory, {}};
  SLIPWAY_TRY(const auto files, list_segments(directory));
  for (const SegmentFile& file : files) {
    if (file.first_index != catalog.size()) {
      return fail(
          corrupt_at(file.path, 0, catalog.size(), "the segment before it holds fewer records than its name says"));
    }
    if (auto indexed = read_index_summary(file)) {
      catalog.segments.push_back(*indexed);
      continue;
    }
    SLIPWAY_TRY(const Mapping mapping, Mapping::open(file.path));
    SLIPWAY_CHECK(check_header(mapping.bytes(), file));
    catalog.segments.push_back(scan_segment(mapping.bytes(), file.first_index));
  }
  return catalog;
}

}  // namespace slipway::audit

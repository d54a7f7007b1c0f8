// Finds the records of a request in a sealed segment without reading it.
//
// Beside a sealed "segment-N.log" stands "segment-N.index". Integers are little endian.
//
//   header  "SLIPIDX1", first index, count, bytes of data, earliest time, latest time (8 bytes each), lowest and
//   highest id
//           (16 bytes each), zeros (8 bytes), CRC-32C of the entries, CRC-32C of the bytes before (4 bytes each)
//   entry   id (16 bytes), place in the segment (4 bytes), offset of the frame (4 bytes); sorted by id, then place
//
// The index is written after the segment and the hashes of its leaves are durable; its presence says so. It follows
// from the segment and is made again when it is missing or damaged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "audit/catalog.h"
#include "audit/segment.h"
#include "base/id.h"
#include "base/result.h"

namespace slipway::audit {

struct Place {
  std::uint64_t index = 0;
  std::uint64_t offset = 0;  // of the frame in its segment
};

Status write_index(const std::filesystem::path& segment_path, const SegmentInfo& segment);
// From the header alone. Fails when there is no whole index.
Result<SegmentInfo> read_index_summary(const SegmentFile& segment);

// Where the records of `id` are, in order: by the index if there is a whole one, else by a walk through the segment.
Result<std::vector<Place>> find_in_segment(const std::filesystem::path& segment_path, const SegmentInfo& segment,
                                           const Id& id);

}  // namespace slipway::audit

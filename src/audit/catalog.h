// Which segments a log has and what each holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "audit/segment.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace slipway::audit {

struct SegmentInfo {
  std::uint64_t first_index = 0;
  std::uint64_t count = 0;
  std::uint64_t data_bytes = kSegmentHeaderBytes;  // header and frames
  WallTime earliest = WallTime::max();
  WallTime latest = WallTime::min();
  std::optional<Id> lowest_id;
  std::optional<Id> highest_id;
  bool is_indexed = false;  // has an id index, see id_index.h

  std::uint64_t end_index() const noexcept { return first_index + count; }
  bool may_hold(const Id& id) const noexcept { return lowest_id && *lowest_id <= id && id <= *highest_id; }
  void add(std::span<const std::byte> leaf) noexcept;
};

// A picture of the log at one moment; what it lists stays valid and unchanged while the log grows.
struct Catalog {
  std::filesystem::path directory;
  std::vector<SegmentInfo> segments;  // in order, without gaps

  std::uint64_t size() const noexcept { return segments.empty() ? 0 : segments.back().end_index(); }
  std::filesystem::path path(const SegmentInfo& segment) const { return directory / segment_name(segment.first_index); }
};

// Walks the file up to its end or its first invalid frame, which is then at data_bytes.
SegmentInfo scan_segment(std::span<const std::byte> segment, std::uint64_t first_index) noexcept;

// Reads a log that no AuditLog has open here (it may be open elsewhere); changes nothing. data_loss "audit.corrupt" if
// segments are missing.
Result<Catalog> open_catalog(const std::filesystem::path& directory);

}  // namespace slipway::audit

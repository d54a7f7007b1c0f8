#include "audit/id_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fcntl.h>
#include <string_view>

#include "audit/crc32c.h"
#include "audit/record.h"
#include "base/bytes.h"

namespace slipway::audit {
namespace {

constexpr std::string_view kMagic = "SLIPIDX1";

struct Header {
  std::array<char, 8> magic{};
  std::uint64_t first_index = 0;
  std::uint64_t count = 0;
  std::uint64_t data_bytes = 0;
  std::int64_t earliest_us = 0;
  std::int64_t latest_us = 0;
  std::array<std::uint8_t, 16> lowest_id{};
  std::array<std::uint8_t, 16> highest_id{};
  std::uint64_t zero = 0;
  std::uint32_t entries_crc = 0;
  std::uint32_t crc = 0;
};
static_assert(sizeof(Header) == 96);

struct Entry {
  std::array<std::uint8_t, 16> id{};
  std::uint32_t place = 0;
  std::uint32_t offset = 0;
  auto operator<=>(const Entry&) const = default;
};
static_assert(sizeof(Entry) == 24);

std::uint32_t header_crc(const Header& header) noexcept {
  return crc32c(std::as_bytes(std::span(&header, 1)).first(sizeof(Header) - sizeof header.crc));
}

std::filesystem::path index_path(const std::filesystem::path& segment_path) {
  auto path = segment_path;
  return path.replace_extension(".index");
}

std::vector<Entry> collect(std::span<const std::byte> segment, std::uint64_t first_index) {
  std::vector<Entry> entries;
  FrameCursor cursor(segment, first_index);
  while (true) {
    const auto place = static_cast<std::uint32_t>(cursor.index() - first_index);
    const auto offset = static_cast<std::uint32_t>(cursor.offset());
    const auto leaf = cursor.next();
    if (!leaf) return entries;
    if (leaf->size() >= kLeafBytesMin) entries.push_back({leaf_id(*leaf).bytes(), place, offset});
  }
}

tl::unexpected<Error> damaged(const std::filesystem::path& path) {
  return fail(Code::kDataLoss, "audit.index_invalid", "the id index " + quoted(path.native(), 256) + " is damaged");
}

Result<std::vector<Place>> search(const std::filesystem::path& path, const SegmentInfo& segment, const Id& id) {
  SLIPWAY_TRY(const Mapping mapping, Mapping::open(path));
  const auto bytes = mapping.bytes();
  if (bytes.size() < sizeof(Header)) return damaged(path);
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto entry_bytes = bytes.subspan(sizeof header);
  if (entry_bytes.size() % sizeof(Entry) != 0 || crc32c(entry_bytes) != header.entries_crc) return damaged(path);
  const std::span entries(reinterpret_cast<const Entry*>(entry_bytes.data()), entry_bytes.size() / sizeof(Entry));
  const auto by_id = [](const Entry& entry, const auto& wanted) { return entry.id < wanted; };
  std::vector<Place> places;
  for (auto at = std::lower_bound(entries.begin(), entries.end(), id.bytes(), by_id);
       at != entries.end() && at->id == id.bytes(); ++at) {
    places.push_back({segment.first_index + at->place, at->offset});
  }
  return places;
}

}  // namespace

Status write_index(const std::filesystem::path& segment_path, const SegmentInfo& segment) {
  SLIPWAY_TRY(const Mapping mapping, Mapping::open(segment_path));
  auto entries = collect(mapping.bytes().first(segment.data_bytes), segment.first_index);
  std::sort(entries.begin(), entries.end());
  Header header;
  std::copy(kMagic.begin(), kMagic.end(), header.magic.begin());
  header.first_index = segment.first_index;
  header.count = segment.count;
  header.data_bytes = segment.data_bytes;
  header.earliest_us = segment.earliest.time_since_epoch().count();
  header.latest_us = segment.latest.time_since_epoch().count();
  if (segment.lowest_id) {
    header.lowest_id = segment.lowest_id->bytes();
    header.highest_id = segment.highest_id->bytes();
  }
  header.entries_crc = crc32c(std::as_bytes(std::span(entries)));
  header.crc = header_crc(header);
  std::string text(as_text(std::as_bytes(std::span(&header, 1))));
  text += as_text(std::as_bytes(std::span(entries)));
  return replace_file(index_path(segment_path), text);
}

Result<SegmentInfo> read_index_summary(const SegmentFile& segment) {
  const auto path = index_path(segment.path);
  SLIPWAY_TRY(const File file, File::open(path, O_RDONLY));
  Header header;
  SLIPWAY_CHECK(file.read_at(std::as_writable_bytes(std::span(&header, 1)), 0));
  if (std::string_view(header.magic.data(), header.magic.size()) != kMagic || header.crc != header_crc(header) ||
      header.first_index != segment.first_index) {
    return damaged(path);
  }
  SegmentInfo info;
  info.first_index = header.first_index;
  info.count = header.count;
  info.data_bytes = header.data_bytes;
  info.earliest = WallTime{std::chrono::microseconds{header.earliest_us}};
  info.latest = WallTime{std::chrono::microseconds{header.latest_us}};
  info.lowest_id = std::bit_cast<Id>(header.lowest_id);
  info.highest_id = std::bit_cast<Id>(header.highest_id);
  info.is_indexed = true;
  return info;
}

Result<std::vector<Place>> find_in_segment(const std::filesystem::path& segment_path, const SegmentInfo& segment,
                                           const Id& id) {
  if (segment.is_indexed) {
    if (auto places = search(index_path(segment_path), segment, id)) return places;
  }
  SLIPWAY_TRY(const Mapping mapping, Mapping::open(segment_path));
  std::vector<Place> places;
  FrameCursor cursor(mapping.bytes().first(segment.data_bytes), segment.first_index);
  while (true) {
    const Place place{cursor.index(), cursor.offset()};
    const auto leaf = cursor.next();
    if (!leaf) return places;
    if (leaf->size() >= kLeafBytesMin && leaf_id(*leaf) == id) places.push_back(place);
  }
}

}  // namespace slipway::audit

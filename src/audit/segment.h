// Segment files: the records themselves, in order.
//
// A segment is named by the index of its first record, "segment-00000000000000000000.log", and is a header of 64 bytes
// followed by frames. Integers are little endian.
//
//   header  "SLIPSEG1", index of the first record (8 bytes), zeros, CRC-32C of the 60 bytes before (4 bytes)
//   frame   length of the leaf (4 bytes; the highest bit marks the first frame of a commit),
//           CRC-32C of those 4 bytes and the leaf (4 bytes), the leaf, zeros up to a multiple of 8
//
// A segment is made at its full size, filled with zeros and synced before the first record, so that a commit changes
// data blocks only and one fdatasync suffices. A length of 0, or no room for another frame, is the end. A segment in
// which the next frame finds no room is sealed: made read-only and never changed again.
//
// After a power failure the last commit may be there in parts, in any order of its blocks; it was not acknowledged and
// is cut off. A commit begins only after the one before is durable, so a whole first-frame-of-a-commit behind a broken
// frame proves that the broken frame had been acknowledged: that is corruption, and nothing is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/file.h"
#include "base/result.h"

namespace slipway::audit {

inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::size_t kFrameHeaderBytes = 8;

constexpr std::size_t frame_bytes(std::size_t leaf_bytes) noexcept {
  return (kFrameHeaderBytes + leaf_bytes + 7) / 8 * 8;
}

// Lays out one frame at the start of `out`, without its CRC. Precondition: out.size() >= frame_bytes(leaf.size()).
void put_frame(std::span<std::byte> out, std::span<const std::byte> leaf) noexcept;
// Marks the first frame and fills in every CRC. Precondition: `frames` is a sequence of put_frame() results.
void finish_frames(std::span<std::byte> frames) noexcept;
// Bytes of the leading frames that fit in `room_bytes` together. Same precondition.
std::size_t fitting_bytes(std::span<const std::byte> frames, std::size_t room_bytes) noexcept;
// The leaf of the first frame. Precondition: `frames` is not empty.
std::span<const std::byte> first_leaf(std::span<const std::byte> frames) noexcept;

// Walks the valid frames of a mapped segment.
class FrameCursor {
 public:
  // `segment`: the file from its header on.
  FrameCursor(std::span<const std::byte> segment, std::uint64_t first_index, std::uint64_t offset = kSegmentHeaderBytes)
      : segment_(segment), index_(first_index), offset_(offset) {}

  // The next leaf, or nullopt at the end or at the first frame that is not valid.
  std::optional<std::span<const std::byte>> next() noexcept;
  std::uint64_t index() const noexcept { return index_; }    // of the leaf that next() would return
  std::uint64_t offset() const noexcept { return offset_; }  // where its frame starts

 private:
  std::span<const std::byte> segment_;
  std::uint64_t index_;
  std::uint64_t offset_;
};

enum class TailState : std::uint8_t { kClean, kTorn, kCorrupt };
// Judges the bytes from `offset`, where a FrameCursor stopped, to the end.
TailState judge_tail(std::span<const std::byte> segment, std::uint64_t offset) noexcept;

std::string segment_name(std::uint64_t first_index);
struct SegmentFile {
  std::filesystem::path path;
  std::uint64_t first_index = 0;
};
// In order of index. data_loss if the first segment does not begin at 0.
Result<std::vector<SegmentFile>> list_segments(const std::filesystem::path& directory);
// data_loss "audit.corrupt" unless the header is whole and says `first_index`.
Status check_header(std::span<const std::byte> segment, const SegmentFile& file);

// Makes the file of zeros that becomes a segment; slow (writes it all), so done ahead of need.
Result<File> make_blank_segment(const std::filesystem::path& path, std::uint64_t size_bytes);
// Writes the header and gives the file its name, durably.
Status name_segment(File& blank, const std::filesystem::path& directory, std::uint64_t first_index);

// "audit.corrupt", naming segment, offset and record.
Error corrupt_at(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t index, std::string_view what);

}  // namespace slipway::audit

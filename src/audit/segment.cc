#include "audit/segment.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "audit/crc32c.h"
#include "audit/record.h"
#include "base/bytes.h"

namespace slipway::audit {
namespace {

constexpr std::string_view kMagic = "SLIPSEG1";
constexpr std::uint32_t kFirstOfCommit = 0x8000'0000U;
constexpr std::string_view kPrefix = "segment-";
constexpr std::string_view kSuffix = ".log";

std::uint32_t load32(std::span<const std::byte> bytes, std::uint64_t offset) noexcept {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void store32(std::byte* at, std::uint32_t value) noexcept { std::memcpy(at, &value, sizeof value); }

std::uint32_t frame_crc(const std::byte* frame, std::size_t leaf_bytes) noexcept {
  return crc32c({frame + kFrameHeaderBytes, leaf_bytes}, crc32c({frame, 4}));
}

// Size of the leaf of a valid frame at `offset`; 0 if there is none.
std::size_t valid_leaf_bytes(std::span<const std::byte> segment, std::uint64_t offset) noexcept {
  if (offset + kFrameHeaderBytes > segment.size()) return 0;
  const std::size_t size = load32(segment, offset) & ~kFirstOfCommit;
  if (size == 0 || size > kLeafBytesMax || offset + frame_bytes(size) > segment.size()) return 0;
  return frame_crc(segment.data() + offset, size) == load32(segment, offset + 4) ? size : 0;
}

std::array<std::byte, kSegmentHeaderBytes> make_header(std::uint64_t first_index) noexcept {
  std::array<std::byte, kSegmentHeaderBytes> header{};
  std::memcpy(header.data(), kMagic.data(), kMagic.size());
  std::memcpy(header.data() + kMagic.size(), &first_index, sizeof first_index);
  store32(header.data() + 60, crc32c(std::span(header).first(60)));
  return header;
}

}  // namespace

void put_frame(std::span<std::byte> out, std::span<const std::byte> leaf) noexcept {
  assert(out.size() >= frame_bytes(leaf.size()));
  std::byte* const frame = out.data();
  store32(frame, static_cast<std::uint32_t>(leaf.size()));
  std::memcpy(frame + kFrameHeaderBytes, leaf.data(), leaf.size());
  const std::size_t used = kFrameHeaderBytes + leaf.size();
  std::memset(frame + used, 0, frame_bytes(leaf.size()) - used);
}

void finish_frames(std::span<std::byte> frames) noexcept {
  if (!frames.empty()) store32(frames.data(), load32(frames, 0) | kFirstOfCommit);
  while (!frames.empty()) {
    const std::size_t size = load32(frames, 0) & ~kFirstOfCommit;
    store32(frames.data() + 4, frame_crc(frames.data(), size));
    frames = frames.subspan(frame_bytes(size));
  }
}

std::size_t fitting_bytes(std::span<const std::byte> frames, std::size_t room_bytes) noexcept {
  if (frames.size() <= room_bytes) return frames.size();
  std::size_t fitting = 0;
  while (true) {
    const std::size_t next = fitting + frame_bytes(first_leaf(frames.subspan(fitting)).size());
    if (next > room_bytes) return fitting;
    fitting = next;
  }
}

std::span<const std::byte> first_leaf(std::span<const std::byte> frames) noexcept {
  return frames.subspan(kFrameHeaderBytes, load32(frames, 0) & ~kFirstOfCommit);
}

std::optional<std::span<const std::byte>> FrameCursor::next() noexcept {
  const std::size_t size = valid_leaf_bytes(segment_, offset_);
  if (size == 0) return std::nullopt;
  const auto leaf = segment_.subspan(offset_ + kFrameHeaderBytes, size);
  offset_ += frame_bytes(size);
  ++index_;
  return leaf;
}

TailState judge_tail(std::span<const std::byte> segment, std::uint64_t offset) noexcept {
  const auto tail = segment.subspan(std::min<std::size_t>(offset, segment.size()));
  const auto last = std::find_if(tail.rbegin(), tail.rend(), [](std::byte b) { return b != std::byte{0}; });
  if (last == tail.rend()) return TailState::kClean;
  const auto used = offset + static_cast<std::uint64_t>(tail.rend() - last);
  for (std::uint64_t at = offset + 8; at + kFrameHeaderBytes <= used; at += 8) {
    if ((load32(segment, at) & kFirstOfCommit) == 0) continue;
    if (valid_leaf_bytes(segment, at) != 0) return TailState::kCorrupt;
  }
  return TailState::kTorn;
}

std::string segment_name(std::uint64_t first_index) {
  std::array<char, 48> name;
  const int size =
      std::snprintf(name.data(), name.size(), "segment-%020llu.log", static_cast<unsigned long long>(first_index));
  return {name.data(), static_cast<std::size_t>(size)};
}

Result<std::vector<SegmentFile>> list_segments(const std::filesystem::path& directory) {
  std::vector<SegmentFile> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().native();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    std::uint64_t first_index = 0;
    const char* const digits = name.data() + kPrefix.size();
    std::from_chars(digits, name.data() + name.size() - kSuffix.size(), first_index);
    if (segment_name(first_index) != name) continue;
    files.push_back({at->path(), first_index});
  }
  if (error) {
    return fail(Code::kUnavailable, "audit.io",
                "cannot list " + quoted(directory.native(), 256) + ": " + error.message());
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.first_index < b.first_index; });
  if (!files.empty() && files.front().first_index != 0) {
    return fail(corrupt_at(files.front().path, 0, 0, "the segments before it are missing"));
  }
  return files;
}

Status check_header(std::span<const std::byte> segment, const SegmentFile& file) {
  const auto expected = make_header(file.first_index);
  if (segment.size() < expected.size() || !std::equal(expected.begin(), expected.end(), segment.begin())) {
    return fail(corrupt_at(file.path, 0, file.first_index, "its header is damaged"));
  }
  return {};
}

Result<File> make_blank_segment(const std::filesystem::path& path, std::uint64_t size_bytes) {
  SLIPWAY_TRY(File file, File::open(path, O_RDWR | O_CREAT | O_TRUNC));
  // Allocated in one piece first: fewer extents, and a full disk is known before any record depends on it.
  if (const int error = ::posix_fallocate(file.descriptor(), 0, static_cast<off_t>(size_bytes)); error != 0) {
    errno = error;
    return fail(io_error("allocate", path));
  }
  // Then written: fallocate alone leaves blocks "unwritten", and each commit would have to change metadata.
  const std::vector<std::byte> zeros(1 << 18);
  for (std::uint64_t offset = 0; offset < size_bytes; offset += zeros.size()) {
    const auto size = std::min<std::uint64_t>(zeros.size(), size_bytes - offset);
    SLIPWAY_CHECK(file.write_at(std::span(zeros).first(size), offset));
  }
  SLIPWAY_CHECK(file.sync());
  return file;
}

Status name_segment(File& blank, const std::filesystem::path& directory, std::uint64_t first_index) {
  SLIPWAY_CHECK(blank.write_at(make_header(first_index), 0));
  SLIPWAY_CHECK(blank.sync());
  const auto path = directory / segment_name(first_index);
  if (::rename(blank.path().c_str(), path.c_str()) != 0) return fail(io_error("name", path));
  blank.set_path(path);
  return sync_directory(directory);
}

Error corrupt_at(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t index, std::string_view what) {
  const std::string place = path.filename().native() + ", offset " + std::to_string(offset);
  return Error{Code::kDataLoss,
               "audit.corrupt",
               place + ", record " + std::to_string(index) + ": " + std::string(what),
               {ErrorDetail{path.filename().native(), static_cast<std::int64_t>(index), std::to_string(offset),
                            std::string(what)}}};
}

}  // namespace slipway::audit

#include "audit/recovery.h"

#include <array>
#include <fcntl.h>

#include "audit/id_index.h"

namespace slipway::audit {
namespace {

constexpr std::size_t kHashesAtOnce = 4096;

// Zeros from `offset` on, so that a later, shorter record cannot be followed by remains of this one.
Status erase_tail(const std::filesystem::path& path, std::span<const std::byte> segment, std::uint64_t offset) {
  SLIPWAY_TRY(File file, File::open(path, O_WRONLY));
  static constexpr std::array<std::byte, 4096> kZeros{};
  while (offset < segment.size()) {
    const auto size = std::min<std::uint64_t>(kZeros.size(), segment.size() - offset);
    const auto piece = segment.subspan(offset, size);
    if (!std::equal(piece.begin(), piece.end(), kZeros.begin())) {
      SLIPWAY_CHECK(file.write_at(std::span(kZeros).first(size), offset));
    }
    offset += size;
  }
  return file.sync();
}

Result<SegmentInfo> recover_segment(const SegmentFile& file, bool is_last, const Checkpoint& checkpoint) {
  if (auto indexed = read_index_summary(file)) return *indexed;
  SLIPWAY_TRY(const Mapping mapping, Mapping::open(file.path));
  SLIPWAY_CHECK(check_header(mapping.bytes(), file));
  const SegmentInfo info = scan_segment(mapping.bytes(), file.first_index);
  const TailState tail = judge_tail(mapping.bytes(), info.data_bytes);
  if (tail == TailState::kClean) return info;
  // Only the last commit of the last segment can be torn, and no checkpoint is signed over it.
  if (tail == TailState::kCorrupt || !is_last || info.end_index() < checkpoint.size) {
    return fail(corrupt_at(file.path, info.data_bytes, info.end_index(), "an acknowledged record is damaged"));
  }
  SLIPWAY_CHECK(erase_tail(file.path, mapping.bytes(), info.data_bytes));
  return info;
}

Status hash_again(const Catalog& catalog, const SegmentInfo& segment, HashStore& hashes, Frontier& tree) {
  SLIPWAY_TRY(const Mapping mapping, Mapping::open(catalog.path(segment)));
  FrameCursor cursor(mapping.bytes().first(segment.data_bytes), segment.first_index);
  std::vector<Digest> leaves;
  while (const auto leaf = cursor.next()) {
    leaves.push_back(leaf_hash(*leaf));
    if (leaves.size() < kHashesAtOnce) continue;
    SLIPWAY_CHECK(hashes.append(tree, leaves));
    leaves.clear();
  }
  SLIPWAY_CHECK(hashes.append(tree, leaves));
  if (tree.size() == segment.end_index()) return {};
  return fail(corrupt_at(catalog.path(segment), cursor.offset(), cursor.index(), "an acknowledged record is damaged"));
}

}  // namespace

Result<Recovered> recover(const std::filesystem::path& directory, const Checkpoint& checkpoint) {
  SLIPWAY_TRY(const auto files, list_segments(directory));
  Catalog catalog{directory, {}};
  for (const SegmentFile& file : files) {
    if (file.first_index != catalog.size()) {
      return fail(
          corrupt_at(file.path, 0, catalog.size(), "the segment before it holds fewer records than its name says"));
    }
    SLIPWAY_TRY(const SegmentInfo info, recover_segment(file, &file == &files.back(), checkpoint));
    catalog.segments.push_back(info);
  }
  if (catalog.size() < checkpoint.size) {
    return fail(corrupt_at(directory, 0, catalog.size(),
                           "the log ends here; its checkpoint names " + std::to_string(checkpoint.size) + " records"));
  }

  SLIPWAY_TRY(HashStore hashes, HashStore::open(directory, false));
  // The hashes of a segment are durable once it has an index, and of no segment after the first without one.
  std::size_t trusted = 0;
  SLIPWAY_TRY(const std::uint64_t stored, hashes.leaf_count());
  while (trusted < catalog.segments.size() && catalog.segments[trusted].is_indexed &&
         catalog.segments[trusted].end_index() <= stored) {
    ++trusted;
  }
  const std::uint64_t trusted_size = trusted == 0 ? 0 : catalog.segments[trusted - 1].end_index();
  SLIPWAY_CHECK(hashes.truncate(trusted_size));
  SLIPWAY_TRY(Frontier tree, hashes.frontier(trusted_size));
  for (std::size_t i = trusted; i < catalog.segments.size(); ++i) {
    SLIPWAY_CHECK(hash_again(catalog, catalog.segments[i], hashes, tree));
  }
  SLIPWAY_TRY(const Digest root, root_at(checkpoint.size, hashes.source()));
  if (checkpoint.size != 0 && root != checkpoint.root) {
    return fail(corrupt_at(directory, 0, checkpoint.size, "the records are not those of the signed checkpoint"));
  }
  return Recovered{std::move(catalog), std::move(hashes), std::move(tree)};
}

}  // namespace slipway::audit

#include "audit/hash_store.h"

#include <array>
#include <cassert>
#include <fcntl.h>

namespace slipway::audit {
namespace {

constexpr std::size_t kHashBytes = 32;
static_assert(sizeof(Digest) == kHashBytes);

std::uint64_t nodes_at(unsigned stored_level, std::uint64_t leaf_count) noexcept {
  return leaf_count >> (stored_level * kTileLevels);
}

}  // namespace

Result<HashStore> HashStore::open(const std::filesystem::path& directory, bool is_read_only) {
  HashStore store;
  const int flags = is_read_only ? O_RDONLY : O_RDWR | O_CREAT;
  for (unsigned level = 0; level < kStoredLevels; ++level) {
    SLIPWAY_TRY(File file, File::open(directory / ("hashes-" + std::to_string(level)), flags));
    store.files_.push_back(std::move(file));
  }
  return store;
}

Result<std::uint64_t> HashStore::leaf_count() const {
  SLIPWAY_TRY(const std::uint64_t size, files_.front().size_bytes());
  return size / kHashBytes;
}

Status HashStore::truncate(std::uint64_t leaf_count) {
  for (unsigned level = 0; level < kStoredLevels; ++level) {
    SLIPWAY_CHECK(files_[level].resize(nodes_at(level, leaf_count) * kHashBytes));
  }
  return {};
}

Status HashStore::append(Frontier& frontier, std::span<const Digest> leaves) {
  const std::uint64_t old_size = frontier.size();
  for (const Digest& leaf : leaves) {
    frontier.append(leaf, [this](const Node& node, const Digest& hash) {
      if (node.level % kTileLevels == 0) fresh_[node.level / kTileLevels].push_back(hash);
    });
  }
  SLIPWAY_CHECK(files_[0].write_at(std::as_bytes(leaves), old_size * kHashBytes));
  for (unsigned level = 1; level < kStoredLevels && !fresh_[level].empty(); ++level) {
    SLIPWAY_CHECK(
        files_[level].write_at(std::as_bytes(std::span(fresh_[level])), nodes_at(level, old_size) * kHashBytes));
    fresh_[level].clear();
  }
  return {};
}

Status HashStore::sync() {
  for (File& file : files_) SLIPWAY_CHECK(file.sync());
  return {};
}

Status HashStore::read(unsigned stored_level, std::uint64_t begin, std::span<Digest> out) const {
  return files_[stored_level].read_at(std::as_writable_bytes(out), begin * kHashBytes);
}

Result<Digest> HashStore::node(const Node& node) const {
  std::array<Digest, 1U << (kTileLevels - 1)> hashes;
  const unsigned above = node.level % kTileLevels;
  std::size_t count = std::size_t{1} << above;
  SLIPWAY_CHECK(read(node.level / kTileLevels, node.index << above, std::span(hashes).first(count)));
  for (; count > 1; count /= 2) {
    for (std::size_t i = 0; i < count / 2; ++i) hashes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
  }
  return hashes[0];
}

NodeSource HashStore::source() const {
  return [this](const Node& wanted) { return node(wanted); };
}

Result<Frontier> HashStore::frontier(std::uint64_t size) const {
  std::vector<Digest> roots;
  for (const Node& part : cover(0, size)) {
    SLIPWAY_TRY(const Digest root, node(part));
    roots.push_back(root);
  }
  return Frontier(size, std::move(roots));
}

}  // namespace slipway::audit

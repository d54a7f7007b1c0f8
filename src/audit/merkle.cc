#include "audit/merkle.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace slipway::audit {
namespace {

// Largest power of two below n. Precondition: n >= 2.
std::uint64_t split(std::uint64_t n) noexcept { return std::bit_floor(n - 1); }

Result<Digest> range_root(std::uint64_t begin, std::uint64_t end, const NodeSource& nodes) {
  const std::vector<Node> parts = cover(begin, end);
  assert(!parts.empty());
  SLIPWAY_TRY(Digest root, nodes(parts.back()));
  for (std::size_t i = parts.size() - 1; i-- > 0;) {
    SLIPWAY_TRY(const Digest left, nodes(parts[i]));
    root = node_hash(left, root);
  }
  return root;
}

// Where a proof goes down the tree it meets these siblings, root first.
using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Result<std::vector<Digest>> roots_bottom_up(const Ranges& ranges, const NodeSource& nodes) {
  std::vector<Digest> proof;
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    SLIPWAY_TRY(const Digest root, range_root(range->first, range->second, nodes));
    proof.push_back(root);
  }
  return proof;
}

}  // namespace

Digest leaf_hash(std::span<const std::byte> leaf) noexcept {
  thread_local Sha256 hasher;
  static constexpr std::byte kPrefix{0};
  hasher.reset();
  hasher.update(std::span(&kPrefix, 1));
  hasher.update(leaf);
  return hasher.finish();
}

Digest node_hash(const Digest& left, const Digest& right) noexcept {
  std::array<std::byte, 65> input;
  input[0] = std::byte{1};
  std::memcpy(input.data() + 1, left.bytes.data(), 32);
  std::memcpy(input.data() + 33, right.bytes.data(), 32);
  return sha256(std::span<const std::byte>(input));
}

Digest empty_root() noexcept { return sha256(std::string_view{}); }

std::vector<Node> cover(std::uint64_t begin, std::uint64_t end) {
  std::vector<Node> parts;
  while (begin < end) {
    const auto level = static_cast<unsigned>(std::bit_width(end - begin) - 1);
    assert((begin & ((std::uint64_t{1} << level) - 1)) == 0);
    parts.push_back({level, begin >> level});
    begin += std::uint64_t{1} << level;
  }
  return parts;
}

Frontier::Frontier(std::uint64_t size, std::vector<Digest> roots) : size_(size), roots_(std::move(roots)) {
  assert(roots_.size() == static_cast<std::size_t>(std::popcount(size)));
}

Digest Frontier::root() const noexcept {
  if (roots_.empty()) return empty_root();
  Digest root = roots_.back();
  for (std::size_t i = roots_.size() - 1; i-- > 0;) root = node_hash(roots_[i], root);
  return root;
}

Result<Digest> root_at(std::uint64_t size, const NodeSource& nodes) {
  if (size == 0) return empty_root();
  return range_root(0, size, nodes);
}

Result<std::vector<Digest>> inclusion_proof(std::uint64_t index, std::uint64_t size, const NodeSource& nodes) {
  assert(index < size);
  Ranges siblings;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + split(end - begin);
    if (index < middle) {
      siblings.emplace_back(middle, end);
      end = middle;
    } else {
      siblings.emplace_back(begin, middle);
      begin = middle;
    }
  }
  return roots_bottom_up(siblings, nodes);
}

Result<std::vector<Digest>> consistency_proof(std::uint64_t old_size, std::uint64_t size, const NodeSource& nodes) {
  assert(old_size > 0 && old_size <= size);
  Ranges siblings;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end != old_size) {
    const std::uint64_t middle = begin + split(end - begin);
    if (old_size <= middle) {
      siblings.emplace_back(middle, end);
      end = middle;
    } else {
      siblings.emplace_back(begin, middle);
      begin = middle;
    }
  }
  // The old tree ends where this subtree ends. Its root is sent unless it is the whole old tree, which the verifier
  // has.
  if (begin != 0) siblings.emplace_back(begin, end);
  return roots_bottom_up(siblings, nodes);
}

bool verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size, std::span<const Digest> proof,
                      const Digest& root) noexcept {
  if (index >= size) return false;
  std::uint64_t at = index;
  std::uint64_t last = size - 1;
  Digest hash = leaf;
  for (const Digest& sibling : proof) {
    if (last == 0) return false;
    if ((at & 1) != 0 || at == last) {
      hash = node_hash(sibling, hash);
      while ((at & 1) == 0 && at != 0) {
        at >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    at >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool verify_consistency(std::uint64_t old_size, const Digest& old_root, std::uint64_t size, const Digest& root,
                        std::span<const Digest> proof) noexcept {
  if (old_size == 0 || old_size > size) return false;
  if (old_size == size) return proof.empty() && old_root == root;
  std::vector<Digest> path;
  if (std::has_single_bit(old_size)) path.push_back(old_root);
  path.insert(path.end(), proof.begin(), proof.end());
  if (path.empty()) return false;

  std::uint64_t at = old_size - 1;
  std::uint64_t last = size - 1;
  while ((at & 1) != 0) {
    at >>= 1;
    last >>= 1;
  }
  Digest old_hash = path.front();
  Digest new_hash = path.front();
  for (const Digest& sibling : std::span(path).subspan(1)) {
    if (last == 0) return false;
    if ((at & 1) != 0 || at == last) {
      old_hash = node_hash(sibling, old_hash);
      new_hash = node_hash(sibling, new_hash);
      while ((at & 1) == 0 && at != 0) {
        at >>= 1;
        last >>= 1;
      }
    } else {
      new_hash = node_hash(new_hash, sibling);
    }
    at >>= 1;
    last >>= 1;
  }
  return last == 0 && old_hash == old_root && new_hash == root;
}

}  // namespace slipway::audit

// The Merkle tree of RFC 6962, section 2.1 (RFC 9162, section 2.1): hashes, growth, proofs and their verification.
//
// A node (level, i) is the root over the leaves [i * 2^level, (i + 1) * 2^level); it never changes once those leaves
// exist, which is why a log can store nodes and prove any past size from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace slipway::audit {

Digest leaf_hash(std::span<const std::byte> leaf) noexcept;          // SHA-256(0x00 || leaf)
Digest node_hash(const Digest& left, const Digest& right) noexcept;  // SHA-256(0x01 || left || right)
Digest empty_root() noexcept;                                        // SHA-256("")

struct Node {
  unsigned level = 0;
  std::uint64_t index = 0;
  bool operator==(const Node&) const = default;
};

// The complete subtrees that make up the leaves [begin, end), left to right.
// Precondition: begin is a multiple of the smallest power of two >= end - begin.
std::vector<Node> cover(std::uint64_t begin, std::uint64_t end);

// The right edge of a growing tree: O(log n) memory, one node hash per leaf on average.
class Frontier {
 public:
  Frontier() = default;
  // `roots`: the hashes of cover(0, size).
  Frontier(std::uint64_t size, std::vector<Digest> roots);

  // Calls on_node(Node, const Digest&) for each inner node that the leaf completes, lowest first.
  template <typename OnNode>
  void append(const Digest& leaf, OnNode&& on_node) {
    Digest hash = leaf;
    const std::uint64_t index = size_++;
    for (unsigned level = 0; (index >> level & 1) != 0; ++level) {
      hash = node_hash(roots_.back(), hash);
      roots_.pop_back();
      on_node(Node{level + 1, index >> (level + 1)}, hash);
    }
    roots_.push_back(hash);
  }
  void append(const Digest& leaf) {
    append(leaf, [](const Node&, const Digest&) {});
  }

  std::uint64_t size() const noexcept { return size_; }
  Digest root() const noexcept;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> roots_;
};

using NodeSource = std::function<Result<Digest>(const Node&)>;

// Root over the first `size` leaves.
Result<Digest> root_at(std::uint64_t size, const NodeSource& nodes);
// From the leaf's sibling up. Precondition: index < size.
Result<std::vector<Digest>> inclusion_proof(std::uint64_t index, std::uint64_t size, const NodeSource& nodes);
// Precondition: 0 < old_size <= size.
Result<std::vector<Digest>> consistency_proof(std::uint64_t old_size, std::uint64_t size, const NodeSource& nodes);

// RFC 9162, sections 2.1.3.2 and 2.1.4.2; written apart from the provers.
bool verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size, std::span<const Digest> proof,
                      const Digest& root) noexcept;
bool verify_consistency(std::uint64_t old_size, const Digest& old_root, std::uint64_t size, const Digest& root,
                        std::span<const Digest> proof) noexcept;

}  // namespace slipway::audit

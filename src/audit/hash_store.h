// The stored nodes of the tree, so that a proof costs a few small reads.
//
// One file for every eighth level: "hashes-0" holds the leaf hashes, "hashes-1" the roots of 256 leaves, "hashes-2" of
// 65,536 and so on, 32 bytes each, in order. Bytes [8192 n, 8192 (n + 1)) of "hashes-L" are the tile (L, n) of C2SP
// tlog-tiles. The files follow from the segments and are made again when they are missing.
//
// One thread appends; any thread reads nodes that were written before it learned of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "audit/file.h"
#include "audit/merkle.h"
#include "base/digest.h"
#include "base/result.h"

namespace slipway::audit {

inline constexpr unsigned kTileLevels = 8;
inline constexpr unsigned kStoredLevels = 8;  // a tree of up to 2^63 leaves

class HashStore {
 public:
  // Creates missing files unless `is_read_only`.
  static Result<HashStore> open(const std::filesystem::path& directory, bool is_read_only);

  // Number of leaf hashes that the files hold.
  Result<std::uint64_t> leaf_count() const;
  // Forgets everything that is not of the first `leaf_count` leaves.
  Status truncate(std::uint64_t leaf_count);

  // Hashes of the next leaves of the tree of `frontier`, which grows with them. What it stores is visible to node() at
  // once and durable after sync().
  Status append(Frontier& frontier, std::span<const Digest> leaves);
  Status sync();

  // Precondition: the node is complete. O(2^(level mod 8)) hashes are read.
  Result<Digest> node(const Node& node) const;
  NodeSource source() const;
  // The tree of the first `size` leaves.
  Result<Frontier> frontier(std::uint64_t size) const;
  // Hashes of the leaves [begin, begin + out.size()).
  Status read_leaves(std::uint64_t begin, std::span<Digest> out) const { return read(0, begin, out); }

 private:
  Status read(unsigned stored_level, std::uint64_t begin, std::span<Digest> out) const;

  std::vector<File> files_;  // by stored level
  std::vector<std::vector<Digest>> fresh_{kStoredLevels};
};

}  // namespace slipway::audit

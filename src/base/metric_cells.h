// Numbers that every thread adds to in cells of its own, summed by whoever reads.
//
// A cell is one 64-bit number per thread that has touched it. A thread's cells stand together in blocks that no other
// thread writes, so there is neither contention nor false sharing; the blocks of a thread that ends are taken over,
// values included, by the next one that starts.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace slipway::metrics::cells {

using Index = std::uint32_t;
constexpr std::size_t kPerBlock = 1024;
constexpr std::size_t kBlocksMax = 2048;  // 2 Mi cells: about 6,000 histograms
constexpr Index kSink = 0;                // swallows what is added; stands for the whole first block

using Cell = std::atomic<std::uint64_t>;

struct ThreadCells {
  std::atomic<Cell*> blocks[kBlocksMax]{};
};

// This thread's cells; null before its first update and while it ends.
extern constinit thread_local ThreadCells* mine;
// The block of a cell for this thread, made now if need be.
Cell* block_of(Index index) noexcept;
// As add(), for a thread that has no cells any more.
void add_shared(Index index, std::uint64_t amount) noexcept;

// This thread's cell, and behind it those of the same allocation; null for a thread that has none any more.
inline Cell* own(Index index) noexcept {
  Cell* block = mine != nullptr ? mine->blocks[index / kPerBlock].load(std::memory_order_relaxed) : nullptr;
  if (block == nullptr) [[unlikely]] {
    block = block_of(index);
    if (block == nullptr) return nullptr;
  }
  return block + index % kPerBlock;
}

// Precondition: `cell` is this thread's own. Wraps around: a negative amount is added as its two's complement.
inline void add_to(Cell& cell, std::uint64_t amount) noexcept {
  cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

inline void add(Index index, std::uint64_t amount) noexcept {
  if (Cell* cell = own(index)) [[likely]] {
    add_to(*cell, amount);
  } else {
    add_shared(index, amount);
  }
}

// The sums over all threads of `count` neighbouring cells. An update that happens before the call is counted.
std::vector<std::uint64_t> sums(Index first, std::size_t count);

// `count` neighbouring cells, all zero, in one block. kSink when all are taken. Precondition: 0 < count <= kPerBlock.
Index allocate(std::size_t count) noexcept;
// Precondition: nobody adds to them any more (the last add happens before this call).
void release(Index first, std::size_t count) noexcept;

}  // namespace slipway::metrics::cells

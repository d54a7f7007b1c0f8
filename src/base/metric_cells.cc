#include "base/metric_cells.h"

#include <cassert>
#include <map>
#include <mutex>

namespace slipway::metrics::cells {

constinit thread_local ThreadCells* mine = nullptr;

namespace {

struct Store {
  std::mutex mutex;
  std::vector<ThreadCells*> all;
  std::vector<ThreadCells*> ownerless;
  ThreadCells shared;  // for threads that are ending; written with fetch_add
  Index fresh = kPerBlock;
  std::multimap<std::size_t, Index> released;  // by count
};

// Never destroyed: threads may still count while the process ends.
Store& store() noexcept {
  static Store* const the_store = new Store;
  return *the_store;
}

Cell* make_block(ThreadCells& owner, Index index) noexcept {
  std::atomic<Cell*>& place = owner.blocks[index / kPerBlock];
  if (Cell* block = place.load(std::memory_order_acquire)) return block;
  Cell* block = new Cell[kPerBlock]();
  place.store(block, std::memory_order_release);
  return block;
}

thread_local bool is_ending = false;

// Hands the cells to the next thread when this one ends.
struct Lease {
  ~Lease() {
    is_ending = true;
    std::lock_guard lock(store().mutex);
    store().ownerless.push_back(mine);
    mine = nullptr;
  }
};

void take_cells() noexcept {
  Store& s = store();
  {
    std::lock_guard lock(s.mutex);
    if (!s.ownerless.empty()) {
      mine = s.ownerless.back();
      s.ownerless.pop_back();
    } else {
      mine = new ThreadCells;
      s.all.push_back(mine);
    }
  }
  static thread_local Lease lease;
  (void)lease;
}

void clear_in(ThreadCells& cells, Index index) noexcept {
  Cell* block = cells.blocks[index / kPerBlock].load(std::memory_order_acquire);
  if (block != nullptr) block[index % kPerBlock].store(0, std::memory_order_relaxed);
}

}  // namespace

Cell* block_of(Index index) noexcept {
  if (is_ending) return nullptr;
  if (mine == nullptr) take_cells();
  return make_block(*mine, index);
}

void add_shared(Index index, std::uint64_t amount) noexcept {
  Store& s = store();
  std::lock_guard lock(s.mutex);
  make_block(s.shared, index)[index % kPerBlock].fetch_add(amount, std::memory_order_relaxed);
}

std::vector<std::uint64_t> sums(Index first, std::size_t count) {
  std::vector<std::uint64_t> totals(count, 0);
  if (first < kPerBlock) return totals;
  Store& s = store();
  std::lock_guard lock(s.mutex);
  const auto add_up = [&](const ThreadCells& cells) {
    const Cell* block = cells.blocks[first / kPerBlock].load(std::memory_order_acquire);
    if (block == nullptr) return;
    const Cell* cell = block + first % kPerBlock;
    for (std::size_t i = 0; i < count; ++i) totals[i] += cell[i].load(std::memory_order_relaxed);
  };
  add_up(s.shared);
  for (const ThreadCells* cells : s.all) add_up(*cells);
  return totals;
}

Index allocate(std::size_t count) noexcept {
  assert(count > 0 && count <= kPerBlock);
  Store& s = store();
  std::lock_guard lock(s.mutex);
  if (const auto found = s.released.find(count); found != s.released.end()) {
    const Index first = found->second;
    s.released.erase(found);
    return first;
  }
  const std::size_t left = kPerBlock - s.fresh % kPerBlock;
  if (left < count) {  // the rest of this block serves single cells
    for (std::size_t i = 0; i < left; ++i) s.released.emplace(1, static_cast<Index>(s.fresh + i));
    s.fresh += static_cast<Index>(left);
  }
  if (s.fresh + count > kPerBlock * kBlocksMax) return kSink;
  const Index first = s.fresh;
  s.fresh += static_cast<Index>(count);
  return first;
}

void release(Index first, std::size_t count) noexcept {
  if (first < kPerBlock) return;
  Store& s = store();
  std::lock_guard lock(s.mutex);
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = static_cast<Index>(first + i);
    clear_in(s.shared, index);
    for (ThreadCells* cells : s.all) clear_in(*cells, index);
  }
  s.released.emplace(count, first);
}

}  // namespace slipway::metrics::cells

// One inference request and its answer, in memory: what protocol dialects decode into and encode from.
//
// Both are made for reuse: clear() keeps the capacity, so that a connection in its steady state allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace slipway {

// Memory that lives until clear() and does not move: tensors, shapes and texts of one request.
class Arena {
 public:
  static constexpr std::size_t kAlignment = 64;

  // Uninitialised, aligned to 64 bytes.
  std::span<std::byte> allocate(std::size_t bytes) {
    const std::size_t needed = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (blocks_.empty() || blocks_.back().size - used_ < needed) grow(needed);
    std::byte* start = blocks_.back().bytes.get() + used_;
    used_ += needed;
    return {start, bytes};
  }

  template <typename T>
  std::span<T> allocate_of(std::size_t count) {
    static_assert(alignof(T) <= kAlignment && std::is_trivially_destructible_v<T>);
    T* start = reinterpret_cast<T*>(allocate(count * sizeof(T)).data());
    std::uninitialized_default_construct_n(start, count);
    return {start, count};
  }

  // Keeps one block as large as all were, but at most kKeptBytesMax.
  void clear() {
    used_ = 0;
    if (blocks_.size() <= 1 && total_ <= kKeptBytesMax) return;
    const std::size_t wanted = std::min(total_, kKeptBytesMax);
    blocks_.clear();
    total_ = 0;
    grow(wanted);
  }

 private:
  static constexpr std::size_t kBlockBytesMin = 4096;
  static constexpr std::size_t kKeptBytesMax = std::size_t{4} << 20;

  struct Free {
    void operator()(std::byte* bytes) const noexcept { ::operator delete[](bytes, std::align_val_t(kAlignment)); }
  };
  struct Block {
    std::unique_ptr<std::byte[], Free> bytes;
    std::size_t size = 0;
  };

  void grow(std::size_t needed) {
    const std::size_t size = std::max({needed, kBlockBytesMin, std::min(total_, kKeptBytesMax)});
    auto* bytes = static_cast<std::byte*>(::operator new[](size, std::align_val_t(kAlignment)));
    blocks_.push_back({std::unique_ptr<std::byte[], Free>(bytes), size});
    total_ += size;
    used_ = 0;
  }

  std::vector<Block> blocks_;
  std::size_t used_ = 0;   // of the last block
  std::size_t total_ = 0;  // of all blocks
};

struct RequestedOutput {
  std::string_view name;
  bool is_binary = false;
  std::uint32_t classification = 0;  // k of the classification extension; 0: none
};

// What a request lets the cache of predictions do, where the endpoint has one.
enum class CacheUse : std::uint8_t {
  kAll,
  kRefresh,  // the model runs, and its answer is kept
  kNone,     // the model runs, and nothing is kept
};

// Views point into the request's body or into `arena`.
struct InferRequest {
  std::string_view model;
  std::string_view version;  // "" for the endpoint's own choice
  std::string_view id;       // the caller's, echoed; "" when absent
  std::string_view unit;     // who or what is predicted for: decides the arm; "" when absent
  std::optional<std::uint64_t> timeout_us;
  std::uint64_t priority = 0;
  CacheUse cache = CacheUse::kAll;
  bool wants_binary_output = false;  // for outputs that do not say it themselves
  std::vector<TensorView> inputs;
  std::vector<RequestedOutput> outputs;  // empty: all
  Arena arena;

  void clear() {
    model = version = id = unit = {};
    timeout_us.reset();
    priority = 0;
    cache = CacheUse::kAll;
    wants_binary_output = false;
    inputs.clear();
    outputs.clear();
    arena.clear();
  }
};

struct InferResponse {
  std::string_view model;
  std::string_view version;
  std::string_view id;
  std::vector<TensorView> outputs;  // in the order asked for, or the model's own
  std::string_view degraded = {};   // who answered instead and why, as callers are told; "" when nobody did
  std::string_view cache = {};      // "hit", "stale", "miss", "bypass"; "" where the endpoint has no cache
};

}  // namespace slipway

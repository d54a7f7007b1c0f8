// Answers in this process's memory, within a limit of bytes: SIEVE (Zhang et al., NSDI 2024).
//
// A hit marks its entry and moves nothing. To make room, a hand goes from the oldest entry to the newest: what is
// marked loses the mark and stays where it is, the first that is not marked goes. Thread-safe; keys are spread over
// shards, each with a lock of its own that is held for one look-up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "serving/cache_key.h"
#include "serving/cached_answer.h"

namespace slipway {

class MemoryCache {
 public:
  struct Statistics {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t evictions = 0;  // since the start
  };

  explicit MemoryCache(std::size_t bytes_max) : shard_bytes_max_(bytes_max / kShards) {}
  MemoryCache(const MemoryCache&) = delete;
  MemoryCache& operator=(const MemoryCache&) = delete;

  // Null where there is none.
  std::shared_ptr<const CachedAnswer> find(const CacheKey& key);
  // In place of what was there. An answer that would fill more than an eighth of a shard is not kept.
  void put(const CacheKey& key, std::shared_ptr<const CachedAnswer> answer);
  Statistics statistics() const;

  static std::size_t entry_bytes(const CachedAnswer& answer) noexcept;

 private:
  static constexpr std::size_t kShards = 8;
  struct Entry {
    const CacheKey* key = nullptr;
    std::shared_ptr<const CachedAnswer> answer;
    Entry* newer = nullptr;
    Entry* older = nullptr;
    bool is_visited = false;
  };
  struct alignas(64) Shard {
    void unlink(Entry& entry) noexcept;
    void evict_one();

    mutable std::mutex mutex;
    std::unordered_map<CacheKey, Entry, CacheKeyHash> entries;
    Entry* newest = nullptr;
    Entry* oldest = nullptr;
    Entry* hand = nullptr;  // null: begins at the oldest
    std::size_t bytes = 0;
    std::uint64_t evictions = 0;
  };
  Shard& shard_of(const CacheKey& key) noexcept { return shards_[key.digest.bytes[8] % kShards]; }

  const std::size_t shard_bytes_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace slipway

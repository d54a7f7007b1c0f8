#include "serving/memory_cache.h"

#include <utility>

namespace slipway {

std::size_t MemoryCache::entry_bytes(const CachedAnswer& answer) noexcept {
  constexpr std::size_t kNodeBytes = sizeof(CacheKey) + sizeof(Entry) + 4 * sizeof(void*);  // and its bucket
  return answer.memory_bytes() + kNodeBytes;
}

std::shared_ptr<const CachedAnswer> MemoryCache::find(const CacheKey& key) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  const auto found = shard.entries.find(key);
  if (found == shard.entries.end()) return nullptr;
  found->second.is_visited = true;
  return found->second.answer;
}

void MemoryCache::put(const CacheKey& key, std::shared_ptr<const CachedAnswer> answer) {
  const std::size_t bytes = entry_bytes(*answer);
  if (bytes > shard_bytes_max_ / 8) return;
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  const auto [place, is_new] = shard.entries.try_emplace(key);
  Entry& entry = place->second;
  if (is_new) {
    entry.key = &place->first;
    entry.older = std::exchange(shard.newest, &entry);
    (entry.older != nullptr ? entry.older->newer : shard.oldest) = &entry;
  } else {
    shard.bytes -= entry_bytes(*entry.answer);
  }
  entry.answer = std::move(answer);
  shard.bytes += bytes;
  while (shard.bytes > shard_bytes_max_) shard.evict_one();
}

void MemoryCache::Shard::unlink(Entry& entry) noexcept {
  (entry.newer != nullptr ? entry.newer->older : newest) = entry.older;
  (entry.older != nullptr ? entry.older->newer : oldest) = entry.newer;
}

void MemoryCache::Shard::evict_one() {
  Entry* victim = hand != nullptr ? hand : oldest;
  while (victim->is_visited) {
    victim->is_visited = false;
    victim = victim->newer != nullptr ? victim->newer : oldest;
  }
  hand = victim->newer;
  unlink(*victim);
  bytes -= entry_bytes(*victim->answer);
  ++evictions;
  entries.erase(entries.find(*victim->key));
}

MemoryCache::Statistics MemoryCache::statistics() const {
  Statistics all;
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    all.entries += shard.entries.size();
    all.bytes += shard.bytes;
    all.evictions += shard.evictions;
  }
  return all;
}

}  // namespace slipway

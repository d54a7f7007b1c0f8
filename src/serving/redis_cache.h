// Answers in Redis, shared by the servers that have the same secret; an answer that Redis does not give in time is one
// that was never kept.
//
// What lies there is bound to its question and sealed: SHA-256(secret || SHA-256(key || answer)) stands behind it, so
// whoever can write to Redis without the secret can take answers away but not put others in their place. Calls go
// through a breaker; while it is open Redis is not asked. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/metrics.h"
#include "base/secret.h"
#include "base/task.h"
#include "serving/breaker.h"
#include "serving/cache_key.h"
#include "serving/cached_answer.h"
#include "storage/redis_client.h"

namespace slipway {

class RedisCache {
 public:
  // `secret` and `registry` outlive it.
  RedisCache(RedisOptions options, const Secret& secret, metrics::Registry& registry);

  // Goes on on `executor`. Null where there is none, and where Redis fails.
  Task<std::shared_ptr<const CachedAnswer>> find(CacheKey key, Executor& executor);
  // Waits for nothing.
  void put(const CacheKey& key, const CachedAnswer& answer, std::chrono::milliseconds keep);

  const RedisClient& client() const noexcept { return client_; }

  // "slipway:1:" and the key's name in hexadecimal.
  static std::string name_of(const CacheKey& key);
  std::string seal(const CacheKey& key, std::span<const std::byte> answer) const;
  std::shared_ptr<const CachedAnswer> unseal(const CacheKey& key, std::string_view value) const;

 private:
  metrics::Counter& count_of(const RedisClient::Value& value) noexcept;
  Digest seal_of(const CacheKey& key, std::span<const std::byte> answer) const;

  const Secret& secret_;
  metrics::Counter hits_;
  metrics::Counter misses_;
  metrics::Counter kept_;
  metrics::Counter errors_;
  metrics::Counter timeouts_;
  metrics::Counter unavailable_;
  metrics::Counter skipped_;   // the breaker was open
  metrics::Counter rejected_;  // not ours, or changed
  metrics::Histogram duration_;
  metrics::Gauge breaker_state_;
  Breaker breaker_;
  RedisClient client_;  // last: calls back until it is gone
};

}  // namespace slipway

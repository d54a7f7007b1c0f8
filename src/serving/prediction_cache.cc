#include "serving/prediction_cache.h"

#include <utility>

namespace slipway {
namespace {

metrics::Family family(std::string name, std::string help, metrics::Type type, std::uint64_t value) {
  return {std::move(name), std::move(help), type, {}, {metrics::Sample{{}, static_cast<double>(value), {}}}};
}

}  // namespace

PredictionCache::PredictionCache(Options options, metrics::Registry& registry)
    : secret_(std::move(options.secret)),
      memory_(options.memory_bytes_max),
      redis_(options.redis ? std::make_unique<RedisCache>(*std::move(options.redis), secret_, registry) : nullptr) {}

void PredictionCache::collect(std::vector<metrics::Family>& families) const {
  using metrics::Type;
  const MemoryCache::Statistics memory = memory_.statistics();
  families.push_back(family("slipway_cache_memory_bytes", "Memory of kept predictions.", Type::kGauge, memory.bytes));
  families.push_back(
      family("slipway_cache_memory_entries", "Predictions kept in memory.", Type::kGauge, memory.entries));
  families.push_back(family("slipway_cache_memory_evictions_total", "Kept predictions given up to make room.",
                            Type::kCounter, memory.evictions));
  if (redis_ == nullptr) return;
  families.push_back(
      family("slipway_redis_connections", "Connections to Redis.", Type::kGauge, redis_->client().connected()));
}

}  // namespace slipway

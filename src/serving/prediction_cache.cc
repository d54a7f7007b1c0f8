#include "serving/prediction_cache.h"

#include <utility>

namespace slipway {
namespace {

metrics::Family family(std::string name, std::string help, metrics::Type type, std::uint64_t value) {
  return {std::move(name), std::move(help), type, {}, {metrics::Sample{{}, static_cast<double>(value), {}}}};
}

}  // namespace

void PredictionCache::collect(std::vector<metrics::Family>& families) const {
  using metrics::Type;
  const MemoryCache::Statistics memory = memory_.statistics();
  families.push_back(family("slipway_cache_memory_bytes", "Memory of kept predictions.", Type::kGauge, memory.bytes));
  families.push_back(
      family("slipway_cache_memory_entries", "Predictions kept in memory.", Type::kGauge, memory.entries));
  families.push_back(family("slipway_cache_memory_evictions_total", "Kept predictions given up to make room.",
                            Type::kCounter, memory.evictions));
}

}  // namespace slipway

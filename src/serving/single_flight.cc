#include "serving/single_flight.h"

namespace slipway {

std::optional<SingleFlight::Lead> SingleFlight::try_lead(const CacheKey& key) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  if (!shard.flights.try_emplace(key).second) return std::nullopt;
  return Lead(this, key);
}

Task<SingleFlight::Arrival> SingleFlight::wait(CacheKey key, Monotonic deadline, DeadlineTimer& timer,
                                               Executor& executor) {
  auto waiting = callback_on<Arrival>(executor, [&](auto resume) {
    SingleFlight& flights = *this;  // once the waiter is known to others, this frame may be gone
    const CacheKey wanted = key;
    const auto waiter = std::make_shared<Waiter>();
    waiter->resume = std::move(resume);
    timer.schedule(deadline, waiter);
    if (!flights.add(wanted, waiter)) waiter->settle({});
  });
  co_return co_await waiting;
}

bool SingleFlight::add(const CacheKey& key, const std::shared_ptr<Waiter>& waiter) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  const auto flight = shard.flights.find(key);
  if (flight == shard.flights.end()) return false;
  flight->second.push_back(waiter);
  return true;
}

void SingleFlight::settle(const CacheKey& key, const std::shared_ptr<const CachedAnswer>& answer) {
  std::vector<std::shared_ptr<Waiter>> waiting;
  {
    Shard& shard = shard_of(key);
    std::lock_guard lock(shard.mutex);
    const auto flight = shard.flights.find(key);
    waiting.swap(flight->second);
    shard.flights.erase(flight);
  }
  for (const auto& waiter : waiting) waiter->settle({answer, false});
}

}  // namespace slipway

// One computation for each key at a time: whoever asks while it goes on waits for its answer instead of making another.
//
// Each waits until its own deadline only. Where the one who computes fails, those who wait are told at once that there
// is no answer and compute for themselves: the failure may have been the first one's own (a short deadline), and a
// chain of one attempt after another would add up their times. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "serving/cache_key.h"
#include "serving/cached_answer.h"
#include "serving/deadline_timer.h"

namespace slipway {

class SingleFlight {
 public:
  // Of the one who computes. Ended without land(), there is no answer.
  class Lead {
   public:
    Lead(Lead&& other) noexcept : flights_(std::exchange(other.flights_, nullptr)), key_(other.key_) {}
    Lead& operator=(Lead&&) = delete;
    ~Lead() { land(nullptr); }
    void land(const std::shared_ptr<const CachedAnswer>& answer) {
      if (flights_ != nullptr) std::exchange(flights_, nullptr)->settle(key_, answer);
    }

   private:
    friend class SingleFlight;
    Lead(SingleFlight* flights, const CacheKey& key) noexcept : flights_(flights), key_(key) {}
    SingleFlight* flights_;
    CacheKey key_;
  };

  struct Arrival {
    std::shared_ptr<const CachedAnswer> answer;  // null: compute it yourself, unless
    bool is_late = false;                        // the deadline has passed
  };

  // nullopt: another computes it.
  std::optional<Lead> try_lead(const CacheKey& key);
  // Goes on on `executor` when the one who computes has ended or `deadline` has passed; at once where nobody computes.
  Task<Arrival> wait(CacheKey key, Monotonic deadline, DeadlineTimer& timer, Executor& executor);

 private:
  static constexpr std::size_t kShards = 8;
  struct Waiter {
    std::atomic_flag is_settled = ATOMIC_FLAG_INIT;
    std::function<void(Arrival)> resume;

    void settle(Arrival arrival) {
      if (!is_settled.test_and_set()) resume(std::move(arrival));
    }
    void expire() { settle({nullptr, true}); }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<CacheKey, std::vector<std::shared_ptr<Waiter>>, CacheKeyHash> flights;
  };
  Shard& shard_of(const CacheKey& key) noexcept { return shards_[key.digest.bytes[9] % kShards]; }
  bool add(const CacheKey& key, const std::shared_ptr<Waiter>& waiter);
  void settle(const CacheKey& key, const std::shared_ptr<const CachedAnswer>& answer);

  std::array<Shard, kShards> shards_;
};

}  // namespace slipway

#include "serving/adaptive_limit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <queue>
#include <vector>

#include "base/random.h"

namespace slipway {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(AdaptiveLimit, RefusesTheLeastImportantFirst) {
  LimitPolicy policy;
  policy.is_adaptive = false;
  policy.concurrency_max = 10;
  policy.level_shares = {1.0, 0.8, 0.5};
  AdaptiveLimit limit(policy, Monotonic{});
  std::vector<AdaptiveLimit::Place> places;
  const auto fill = [&](std::uint64_t priority) {
    while (auto place = limit.try_enter(priority)) places.push_back(std::move(place));
    return places.size();
  };
  EXPECT_EQ(fill(3), 5U);
  EXPECT_EQ(fill(99), 5U) << "below the last level";
  EXPECT_EQ(fill(0), 8U) << "the default level is the second";
  EXPECT_EQ(fill(1), 10U);
  places.clear();
  EXPECT_EQ(limit.in_flight(), 0U);
}

// Servers side by side with a queue before them, in virtual time: what an endpoint with so many runners is.
class Queueing {
 public:
  static constexpr nanoseconds kService = milliseconds(10);
  struct Tally {
    std::array<int, 4> offered{};  // by level
    std::array<int, 4> answered{};
    std::uint32_t most_in_flight = 0;
  };

  Queueing(LimitPolicy policy, std::size_t servers) : limit_(std::move(policy), now_), free_(servers, now_) {}

  // Poisson arrivals at `load` times what the servers can do, `important` of them of level 1, the rest of level 3.
  Tally run(double load, double important, nanoseconds duration) {
    Tally tally;
    const Monotonic end = now_ + duration;
    const double mean_gap_ns = static_cast<double>(kService.count()) / static_cast<double>(free_.size()) / load;
    while (now_ < end) {
      now_ += nanoseconds(static_cast<std::int64_t>(-std::log(1 - uniform()) * mean_gap_ns));
      complete();
      const std::uint64_t level = uniform() < important ? 1 : 3;
      ++tally.offered[level];
      AdaptiveLimit::Place place = limit_.try_enter(level);
      if (!place) continue;
      ++tally.answered[level];
      tally.most_in_flight = std::max(tally.most_in_flight, limit_.in_flight());
      const auto server = std::min_element(free_.begin(), free_.end());
      *server = std::max(*server, now_) + kService;
      running_.push_back({now_, *server, std::move(place)});
      std::push_heap(running_.begin(), running_.end(), ends_later);
    }
    return tally;
  }
  double limit() const { return limit_.limit(); }

 private:
  struct Run {
    Monotonic begin;
    Monotonic end;
    AdaptiveLimit::Place place;
  };
  static bool ends_later(const Run& a, const Run& b) { return a.end > b.end; }
  double uniform() { return static_cast<double>(random_.next() >> 11) * 0x1p-53; }
  void complete() {
    while (!running_.empty() && running_.front().end <= now_) {
      std::pop_heap(running_.begin(), running_.end(), ends_later);
      Run& run = running_.back();
      run.place.finish(AdaptiveLimit::Outcome::kSuccess, run.end - run.begin, run.end);
      running_.pop_back();
    }
  }

  Monotonic now_{seconds(1)};
  SeededRandom random_{7};
  AdaptiveLimit limit_;
  std::vector<Monotonic> free_;
  std::vector<Run> running_;
};

TEST(AdaptiveLimit, AnswersTheImportantAtFiveTimesTheCapacityAndRecovers) {
  for (const auto& [servers, important] :
       std::initializer_list<std::pair<int, double>>{{16, 0.10}, {16, 0.15}, {1, 0.10}, {2, 0.10}}) {
    Queueing endpoint{LimitPolicy(), static_cast<std::size_t>(servers)};
    endpoint.run(0.5, important, seconds(5));
    const auto overload = endpoint.run(5, important, seconds(60));
    EXPECT_GE(overload.answered[1], 0.95 * overload.offered[1]) << servers << " servers, " << important;
    EXPECT_LT(overload.answered[3], 0.3 * overload.offered[3]);
    EXPECT_GE(overload.answered[1] + overload.answered[3], 0.95 * 60 * 100 * servers) << "the servers were busy";
    EXPECT_LE(overload.most_in_flight, 64U) << "so few wait that the queue costs a few services at most";
    endpoint.run(0.5, important, seconds(2));
    const auto after = endpoint.run(0.5, important, seconds(5));
    EXPECT_GE(after.answered[3], 0.99 * after.offered[3]);
  }
}

TEST(AdaptiveLimit, ShrinksWhenRequestsAreGivenUpAndGrowsAgain) {
  AdaptiveLimit limit(LimitPolicy(), Monotonic{});
  Monotonic now{};
  const auto offer = [&](AdaptiveLimit::Outcome outcome, int rounds) {
    for (int round = 0; round < rounds; ++round) {
      std::vector<AdaptiveLimit::Place> places;
      while (auto place = limit.try_enter(1)) places.push_back(std::move(place));
      now += milliseconds(20);
      for (auto& place : places) place.finish(outcome, milliseconds(5), now);
    }
  };
  offer(AdaptiveLimit::Outcome::kSuccess, 20);
  const double grown = limit.limit();
  EXPECT_GT(grown, 20);
  offer(AdaptiveLimit::Outcome::kDropped, 100);
  EXPECT_LT(limit.limit(), grown / 2);
  offer(AdaptiveLimit::Outcome::kSuccess, 200);
  EXPECT_GT(limit.limit(), grown);
}

}  // namespace
}  // namespace slipway

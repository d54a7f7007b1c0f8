// What waits for a runner of one version: bounded, the most important first, fair between callers, then by arrival.
//
// Within a priority, callers take turns: each job has a round, one more than the one before it of its caller, and lower
// rounds go first (fair queuing with equal costs; Demers, Keshav and Shenker 1989). A full queue gives up whatever
// would have come last, which may be the newcomer. Not thread-safe.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "serving/batch.h"

namespace slipway {

struct QueuedRequest {
  std::uint64_t level = 1;   // 1 is the most important
  std::uint64_t caller = 0;  // callers with the same number share their turns
  std::uint32_t rows = 1;
  const BatchShape* shape = nullptr;  // null: shares no run; else outlives the job's stay
};

template <typename Job>
class BatchQueue {
 public:
  static constexpr std::uint64_t kLevelsMax = 64;  // less important ones count as the last

  struct Order {
    bool is_arrival_only = false;  // no priorities, no turns; only neighbours share a run
  };

  // Precondition: jobs_max > 0.
  BatchQueue(std::size_t jobs_max, Order order) : jobs_max_(jobs_max), order_(order) { assert(jobs_max > 0); }

  // O(log jobs). The job that found no place: a less important one, or this one; null when there was room.
  std::shared_ptr<Job> push(std::shared_ptr<Job> job, QueuedRequest request) {
    request.level = std::min(request.level, kLevelsMax);
    if (order_.is_arrival_only) request.level = request.caller = 0;
    const auto caller = std::pair(request.level, request.caller);
    std::uint64_t& served = served_[request.level];
    Backlog& backlog = backlogs_[caller];
    backlog.round = backlog.jobs == 0 ? served : std::max(served, backlog.round + 1);
    if (order_.is_arrival_only) backlog.round = 0;
    ++backlog.jobs;
    const auto [place, is_new] =
        jobs_.emplace(Key{request.level, backlog.round, ++arrivals_}, Entry{std::move(job), request});
    places_.emplace(place->second.job.get(), place);
    return jobs_.size() > jobs_max_ ? erase(std::prev(jobs_.end())) : nullptr;
  }

  // False when it is not here (any more). O(log jobs).
  bool remove(const Job* job) {
    const auto found = places_.find(job);
    if (found == places_.end()) return false;
    erase(found->second);
    return true;
  }

  // Those that one run should answer, at most `rows_max` rows: the first, and all behind it that may share its run. The
  // first alone where it has more rows. O(jobs).
  std::vector<std::shared_ptr<Job>> take(std::uint32_t rows_max) {
    std::vector<std::shared_ptr<Job>> taken;
    if (jobs_.empty()) return taken;
    const QueuedRequest first = jobs_.begin()->second.request;
    std::uint32_t rows = 0;
    for (auto next = jobs_.begin(); next != jobs_.end();) {
      const auto place = next++;
      const QueuedRequest& request = place->second.request;
      if (!taken.empty() && !may_share(first, request, rows_max - rows)) {
        if (order_.is_arrival_only) break;
        continue;
      }
      rows += request.rows;
      served_[request.level] = std::max(served_[request.level], std::get<1>(place->first));
      taken.push_back(erase(place));
      if (rows >= rows_max || first.shape == nullptr) break;
    }
    return taken;
  }

  // Rows that could share a run with the first, itself included. O(jobs).
  std::uint32_t rows_with_first() const {
    std::uint32_t rows = 0;
    for (const auto& [key, entry] : jobs_) {
      const bool shares = rows == 0 || may_share(jobs_.begin()->second.request, entry.request, UINT32_MAX);
      if (shares) rows += entry.request.rows;
      if (!shares && order_.is_arrival_only) break;
    }
    return rows;
  }

  std::size_t size() const noexcept { return jobs_.size(); }
  bool is_empty() const noexcept { return jobs_.empty(); }
  const Job& first() const noexcept { return *jobs_.begin()->second.job; }

 private:
  using Key = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;  // level, round, arrival
  struct Entry {
    std::shared_ptr<Job> job;
    QueuedRequest request;
  };
  struct Backlog {
    std::uint64_t round = 0;  // of the last job
    std::size_t jobs = 0;
  };
  using Jobs = std::map<Key, Entry>;

  static bool may_share(const QueuedRequest& a, const QueuedRequest& b, std::uint32_t rows_left) {
    return a.shape != nullptr && b.shape != nullptr && b.rows <= rows_left && *a.shape == *b.shape;
  }

  std::shared_ptr<Job> erase(typename Jobs::iterator place) {
    const QueuedRequest& request = place->second.request;
    const auto backlog = backlogs_.find({request.level, request.caller});
    if (--backlog->second.jobs == 0) {
      backlogs_.erase(backlog);
    } else if (backlog->second.round == std::get<1>(place->first) && backlog->second.round > 0) {
      --backlog->second.round;  // the last of its caller gives up its turn
    }
    std::shared_ptr<Job> job = std::move(place->second.job);
    places_.erase(job.get());
    jobs_.erase(place);
    return job;
  }

  const std::size_t jobs_max_;
  const Order order_;
  Jobs jobs_;
  std::unordered_map<const Job*, typename Jobs::iterator> places_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Backlog> backlogs_;
  std::map<std::uint64_t, std::uint64_t> served_;  // by level: the round that is being served
  std::uint64_t arrivals_ = 0;
};

}  // namespace slipway

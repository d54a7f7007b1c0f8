// When the requests of one thread are due, and what became of them: what a load is whatever it is sent over.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "loadtest/arrivals.h"
#include "loadtest/load.h"

namespace slipway::loadtest {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  // What is asked of a connection, while it is on its way.
  struct Sent {
    const Request* request = nullptr;
    Clock::time_point due;
    Clock::time_point sent;
  };

  // `settings` and `requests` outlive it.
  Pace(const std::vector<Request>& requests, const LoadSettings& settings, std::size_t thread, Clock::time_point start);

  // How many of the connections are this thread's.
  std::size_t connections() const noexcept;
  Clock::time_point end() const noexcept { return end_; }
  // The next request that is to leave by `now`, if there is one: in a closed loop, any time before the end.
  std::optional<Sent> next(Clock::time_point now);
  // When the next one leaves, if one does before the end. Open loops only.
  std::optional<Clock::time_point> next_due() const;
  // Something that was due by the end has not left.
  bool is_behind() const { return is_due(end_); }

  void succeed(const Sent& sent, Clock::time_point now, std::size_t bytes_received);
  void fail(const Sent& sent, Clock::time_point now, std::size_t bytes_received, const std::string& kind);
  // The connection was lost before an answer; with no request, it could not be made.
  void lose(const std::optional<Sent>& sent, Clock::time_point now);

  // Nothing more can come, the grace is over, or the user wants to stop. `is_busy`: requests are on their way.
  bool is_over(Clock::time_point now, bool is_busy);
  // Once, at the end, with what is still on its way.
  LoadResult finish(std::span<const Sent> unanswered, Clock::time_point now);

 private:
  bool is_measured(Clock::time_point due) const noexcept { return due >= measured_from_ && due < end_; }
  Clock::time_point due() const;
  bool is_due(Clock::time_point now) const;
  void count_error(const std::string& kind);
  void count_answer(const Sent& sent, Clock::time_point now, std::size_t bytes_received);

  const std::vector<Request>& requests_;
  const LoadSettings& settings_;
  std::size_t thread_;
  std::size_t next_request_;
  Clock::time_point start_;
  Clock::time_point measured_from_;
  Clock::time_point end_;
  Clock::time_point give_up_;
  std::optional<ArrivalSchedule> schedule_;
  LoadResult result_;
};

// What run_http_load() and run_grpc_load() demand of both.
Status check(const std::vector<Request>& requests, const LoadSettings& settings);

// Runs `run(thread)` on each thread and adds up what they measured.
LoadResult run_threads(std::size_t threads, const std::function<LoadResult(std::size_t thread)>& run);

}  // namespace slipway::loadtest

// Stops calling what fails or is slow, and tries it again with a few calls after a while.
//
// Closed: every call goes through, and the calls of the last `window` are counted. Where at least `calls_min` of them
// ended, and too many failed or were slow, the breaker opens: calls are refused at once. After `open_for` (up to a
// quarter longer, so that servers do not come back in step) it is half open: `probes` calls go through. Once all of
// them have succeeded it closes; the first that fails or is slow opens it again.
//
// The whole state is one atomic word, so a call takes no lock and allocates nothing. It is decided when a call fails or
// is slow; calls that began in an earlier state decide nothing. As a slice of the window begins, a few calls of other
// threads may go uncounted.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "serving/policy.h"

namespace slipway {

enum class BreakerState : std::uint8_t { kClosed = 0, kHalfOpen = 1, kOpen = 2 };
std::string_view to_string(BreakerState state) noexcept;  // "closed", "half_open", "open"

// The model or the machine is at fault: not what the caller sent, not a limit of ours, not a caller who left.
bool is_breaker_failure(const Error& error) noexcept;

struct BreakerChange {
  BreakerState from = BreakerState::kClosed;
  BreakerState to = BreakerState::kClosed;
  std::uint64_t calls = 0;  // of the window, as are the others
  std::uint64_t failures = 0;
  std::uint64_t slow_calls = 0;
};

class Breaker {
 public:
  using OnChange = std::function<void(const BreakerChange&)>;  // on the thread of a call: must be quick

  Breaker(const BreakerPolicy& policy, Monotonic now, OnChange on_change = {}, Random& random = system_random());

  // The right to make one call. Ended without finish(), it counts for nothing, and a probe's place is free again.
  class Permit {
   public:
    Permit(Permit&& other) noexcept : breaker_(std::exchange(other.breaker_, nullptr)), word_(other.word_) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (breaker_ != nullptr) breaker_->give_back(word_);
    }
    void finish(bool has_failed, std::chrono::nanoseconds duration, Monotonic now) {
      std::exchange(breaker_, nullptr)->settle(word_, has_failed, duration, now);
    }

   private:
    friend class Breaker;
    Permit(Breaker* breaker, std::uint64_t word) noexcept : breaker_(breaker), word_(word) {}
    Breaker* breaker_;
    std::uint64_t word_;
  };

  // nullopt: not to be called now. Thread-safe.
  std::optional<Permit> try_enter(Monotonic now);
  BreakerState state() const noexcept;

 private:
  static constexpr std::int64_t kSlices = 10;
  struct Slice {
    std::atomic<std::int64_t> tick{-1};
    std::atomic<std::uint64_t> counts{0};  // calls, failures, slow calls: 21 bits each
  };
  struct Counts {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    std::uint64_t slow_calls = 0;
  };

  std::uint64_t elapsed_ms(Monotonic now) const noexcept;
  std::int64_t tick(Monotonic now) const noexcept { return (now - start_) / slice_; }
  void count(bool has_failed, bool is_slow, Monotonic now) noexcept;
  Counts counts(Monotonic now) const noexcept;
  bool is_too_much(const Counts& counts) const noexcept;
  void settle(std::uint64_t word, bool has_failed, std::chrono::nanoseconds duration, Monotonic now);
  void settle_probe(std::uint64_t word, bool has_failed, Monotonic now);
  void open(std::uint64_t word, Monotonic now, const Counts& counts);
  void give_back(std::uint64_t word) noexcept;
  void report(BreakerState from, BreakerState to, const Counts& counts) const;

  const BreakerPolicy policy_;
  const OnChange on_change_;
  Random& random_;
  const Monotonic start_;
  const std::chrono::nanoseconds slice_;
  std::atomic<std::uint64_t> word_{0};
  std::atomic<std::int64_t> counted_since_{0};  // slices before it do not count: the breaker was open since
  std::array<Slice, kSlices> slices_;
};

}  // namespace slipway

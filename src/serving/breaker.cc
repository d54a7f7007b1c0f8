#include "serving/breaker.h"

#include <algorithm>

namespace slipway {
namespace {

// The word: state (2 bits), probes begun and succeeded (11 bits each), then milliseconds since the start: the time of
// the change, or where it is open, the time to try again. No two spells of a state have the same time.
constexpr unsigned kProbeBits = 11;
constexpr std::uint64_t kProbeMask = (1U << kProbeBits) - 1;
constexpr unsigned kBegunShift = 2;
constexpr unsigned kSucceededShift = kBegunShift + kProbeBits;
constexpr unsigned kTimeShift = kSucceededShift + kProbeBits;
constexpr std::uint64_t kOneBegun = std::uint64_t{1} << kBegunShift;
constexpr std::uint64_t kOneSucceeded = std::uint64_t{1} << kSucceededShift;

BreakerState state_of(std::uint64_t word) { return static_cast<BreakerState>(word & 3); }
std::uint64_t begun_of(std::uint64_t word) { return word >> kBegunShift & kProbeMask; }
std::uint64_t succeeded_of(std::uint64_t word) { return word >> kSucceededShift & kProbeMask; }
std::uint64_t time_of(std::uint64_t word) { return word >> kTimeShift; }
std::uint64_t make_word(BreakerState state, std::uint64_t time_ms) {
  return static_cast<std::uint64_t>(state) | time_ms << kTimeShift;
}
bool is_same_spell(std::uint64_t a, std::uint64_t b) { return state_of(a) == state_of(b) && time_of(a) == time_of(b); }

constexpr unsigned kCountBits = 21;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;
constexpr std::uint64_t kOneFailure = std::uint64_t{1} << kCountBits;
constexpr std::uint64_t kOneSlow = kOneFailure << kCountBits;
constexpr std::int64_t kBeginning = -2;  // of a slice: its counts are being cleared

}  // namespace

std::string_view to_string(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::kClosed:
      return "closed";
    case BreakerState::kHalfOpen:
      return "half_open";
    case BreakerState::kOpen:
      return "open";
  }
  return "";
}

bool is_breaker_failure(const Error& error) noexcept {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kInternal:
    case Code::kUnknown:
    case Code::kDeadlineExceeded:
      return true;
    case Code::kResourceExhausted:
      return error.reason.starts_with("run.");  // of the runtime, not a limit of ours
    default:
      return false;
  }
}

Breaker::Breaker(const BreakerPolicy& policy, Monotonic now, OnChange on_change, Random& random)
    : policy_(policy),
      on_change_(std::move(on_change)),
      random_(random),
      start_(now),
      slice_(std::max<std::chrono::nanoseconds>(std::chrono::nanoseconds(policy.window) / kSlices,
                                                std::chrono::nanoseconds(1))) {}

BreakerState Breaker::state() const noexcept { return state_of(word_.load(std::memory_order_acquire)); }

std::uint64_t Breaker::elapsed_ms(Monotonic now) const noexcept {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(now - start_).count()));
}

std::optional<Breaker::Permit> Breaker::try_enter(Monotonic now) {
  std::uint64_t word = word_.load(std::memory_order_acquire);
  while (true) {
    switch (state_of(word)) {
      case BreakerState::kClosed:
        return Permit(this, word);
      case BreakerState::kOpen: {
        if (elapsed_ms(now) < time_of(word)) return std::nullopt;
        const std::uint64_t next = make_word(BreakerState::kHalfOpen, elapsed_ms(now)) + kOneBegun;
        if (!word_.compare_exchange_weak(word, next, std::memory_order_acq_rel)) break;
        report(BreakerState::kOpen, BreakerState::kHalfOpen, {});
        return Permit(this, next);
      }
      case BreakerState::kHalfOpen:
        if (begun_of(word) >= policy_.probes) return std::nullopt;
        if (word_.compare_exchange_weak(word, word + kOneBegun, std::memory_order_acq_rel)) return Permit(this, word);
        break;
    }
  }
}

void Breaker::give_back(std::uint64_t word) noexcept {
  if (state_of(word) != BreakerState::kHalfOpen) return;
  std::uint64_t current = word_.load(std::memory_order_acquire);
  while (is_same_spell(current, word) &&
         !word_.compare_exchange_weak(current, current - kOneBegun, std::memory_order_acq_rel)) {
  }
}

void Breaker::settle(std::uint64_t word, bool has_failed, std::chrono::nanoseconds duration, Monotonic now) {
  const bool is_slow = policy_.slow_after && duration > *policy_.slow_after;
  if (state_of(word) == BreakerState::kHalfOpen) return settle_probe(word, has_failed || is_slow, now);
  if (!is_same_spell(word_.load(std::memory_order_acquire), word)) return;
  count(has_failed, is_slow, now);
  if (!has_failed && !is_slow) return;
  const Counts seen = counts(now);
  if (is_too_much(seen)) open(word, now, seen);
}

void Breaker::settle_probe(std::uint64_t word, bool has_failed, Monotonic now) {
  std::uint64_t current = word_.load(std::memory_order_acquire);
  while (is_same_spell(current, word)) {
    if (has_failed) return open(current, now, {});
    const bool is_last = succeeded_of(current) + 1 >= policy_.probes;
    const std::uint64_t next = is_last ? make_word(BreakerState::kClosed, elapsed_ms(now)) : current + kOneSucceeded;
    if (is_last) counted_since_.store(tick(now), std::memory_order_release);
    if (!word_.compare_exchange_weak(current, next, std::memory_order_acq_rel)) continue;
    if (is_last) report(BreakerState::kHalfOpen, BreakerState::kClosed, {});
    return;
  }
}

void Breaker::open(std::uint64_t word, Monotonic now, const Counts& counts) {
  const auto shortest_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(1, policy_.open_for.count()));
  const std::uint64_t until_ms = elapsed_ms(now) + shortest_ms + random_.next() % (shortest_ms / 4 + 1);
  std::uint64_t current = word;
  while (!word_.compare_exchange_weak(current, make_word(BreakerState::kOpen, until_ms), std::memory_order_acq_rel)) {
    if (!is_same_spell(current, word)) return;  // another call has decided
  }
  report(state_of(word), BreakerState::kOpen, counts);
}

void Breaker::count(bool has_failed, bool is_slow, Monotonic now) noexcept {
  const std::int64_t at = tick(now);
  Slice& slice = slices_[static_cast<std::size_t>(at % kSlices)];
  std::int64_t seen = slice.tick.load(std::memory_order_acquire);
  if (seen != at) {
    if (seen == kBeginning || seen > at) return;
    if (!slice.tick.compare_exchange_strong(seen, kBeginning, std::memory_order_acq_rel)) return;
    slice.counts.store(0, std::memory_order_relaxed);
    slice.tick.store(at, std::memory_order_release);
  }
  if ((slice.counts.load(std::memory_order_relaxed) & kCountMask) > kCountMask / 2) return;  // a million is enough
  slice.counts.fetch_add(1 + (has_failed ? kOneFailure : 0) + (is_slow ? kOneSlow : 0), std::memory_order_relaxed);
}

Breaker::Counts Breaker::counts(Monotonic now) const noexcept {
  const std::int64_t oldest = std::max(tick(now) - kSlices + 1, counted_since_.load(std::memory_order_acquire));
  Counts sum;
  for (const Slice& slice : slices_) {
    if (slice.tick.load(std::memory_order_acquire) < oldest) continue;
    const std::uint64_t counts = slice.counts.load(std::memory_order_relaxed);
    sum.calls += counts & kCountMask;
    sum.failures += counts >> kCountBits & kCountMask;
    sum.slow_calls += counts >> 2 * kCountBits & kCountMask;
  }
  return sum;
}

bool Breaker::is_too_much(const Counts& counts) const noexcept {
  if (counts.calls < policy_.calls_min) return false;
  const auto calls = static_cast<double>(counts.calls);
  return static_cast<double>(counts.failures) >= policy_.failure_ratio * calls ||
         (policy_.slow_after && static_cast<double>(counts.slow_calls) >= policy_.slow_ratio * calls);
}

void Breaker::report(BreakerState from, BreakerState to, const Counts& counts) const {
  if (on_change_) on_change_({from, to, counts.calls, counts.failures, counts.slow_calls});
}

}  // namespace slipway

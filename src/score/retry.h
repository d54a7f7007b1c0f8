// What to make of a request that was not answered: wait and ask again, blame its rows, or stop. Pure.
#pragma once

#include <chrono>

#include "base/random.h"
#include "base/result.h"

namespace slipway::score {

// Why a request has no answer.
struct Refusal {
  Error error;
  std::chrono::milliseconds retry_after{0};  // as the server asks; 0: it does not
};

enum class Blame : std::uint8_t {
  kPasses,  // the server is away, starting or has too much to do
  kSlow,    // no answer in time: it passes, or the rows are too many or too costly
  kRows,    // these values, or one of them, get no answer
  kJob      // no request of the job would get one
};
Blame blame_for(const Error& error) noexcept;

// The reason of an answer that the endpoint's policy gave in place of the version.
constexpr std::string_view kDegradedReason = "score.degraded";

struct RetryPolicy {
  std::chrono::milliseconds first{50};  // bound of the first wait; doubles with each
  std::chrono::milliseconds longest{5'000};
  std::chrono::milliseconds timeout{60'000};  // of waiting for the same answer, in all
  int slow_attempts_max = 3;
};

// Before attempt `next_attempt` (2 and up): what the server asks for, and a random time up to the bound (full jitter).
std::chrono::milliseconds wait_before(int next_attempt, std::chrono::milliseconds retry_after,
                                      const RetryPolicy& policy, Random& random) noexcept;

}  // namespace slipway::score

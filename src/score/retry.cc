#include "score/retry.h"

#include <algorithm>

namespace slipway::score {
namespace {

// A policy that answers for a version that failed on these values, not for one that is away.
bool is_about_values(std::string_view message) {
  return message.find("serving.") == message.npos || message.find("serving.not_finite") != message.npos;
}

}  // namespace

Blame blame_for(const Error& error) noexcept {
  const std::string_view reason = error.reason;
  if (reason == kDegradedReason) return is_about_values(error.message) ? Blame::kRows : Blame::kPasses;
  if (reason.starts_with("run.") && error.code != Code::kUnavailable) return Blame::kRows;
  if (reason == "http.body_too_large" || reason == "http.413") return Blame::kRows;
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kResourceExhausted:
    case Code::kAborted:
      return Blame::kPasses;
    case Code::kDeadlineExceeded:
      return Blame::kSlow;
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
    case Code::kInternal:
    case Code::kUnknown:
    case Code::kDataLoss:
      return Blame::kRows;
    default:
      return Blame::kJob;
  }
}

std::chrono::milliseconds wait_before(int next_attempt, std::chrono::milliseconds retry_after,
                                      const RetryPolicy& policy, Random& random) noexcept {
  const int doublings = std::clamp(next_attempt - 2, 0, 20);
  const auto bound = std::min<std::int64_t>(policy.longest.count(), policy.first.count() << doublings);
  const auto jitter = static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(bound + 1));
  return retry_after + std::chrono::milliseconds(jitter);
}

}  // namespace slipway::score

// What an endpoint promises its callers when things go wrong: time limit, retries, breaker, fallbacks, load shedding.
//
// One YAML file, read strictly (docs/reference/policy.md). Everything is off in a default-made Policy but the limits
// that the server has anyway. Plain values: what they do is in resilience.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serving/batch_policy.h"
#include "serving/remote_target.h"

namespace slipway {

struct RetryPolicy {
  std::uint32_t attempts_max = 3;  // in all, the first included; at most 5
  std::chrono::microseconds backoff_first{10'000};
  std::chrono::microseconds backoff_max{200'000};
  double budget_ratio = 0.2;                // retries to requests
  std::uint32_t budget_per_second_min = 3;  // retries that a quiet endpoint has anyway
  bool operator==(const RetryPolicy&) const = default;
};

struct BreakerPolicy {
  double failure_ratio = 0.5;
  std::optional<std::chrono::microseconds> slow_after;  // a call that takes longer is slow; absent: none is
  double slow_ratio = 1.0;
  std::chrono::milliseconds window{10'000};
  std::uint32_t calls_min = 20;  // in the window, before it decides
  std::chrono::milliseconds open_for{5'000};
  std::uint32_t probes = 3;  // calls let through while half open; all must succeed
  bool operator==(const BreakerPolicy&) const = default;
};

// Concurrency that follows what the endpoint can do: shrinks when answers slow down, grows while they do not.
struct LimitPolicy {
  static constexpr std::size_t kLevelsMax = 16;
  bool is_adaptive = true;
  std::uint32_t concurrency_min = 2;
  std::uint32_t concurrency_max = 256;  // the limit itself where it is not adaptive
  // The share of the limit that requests of a priority level may fill, most important first; requests of no level count
  // as `level_by_default`, those below the last as the last.
  std::vector<double> level_shares{1.0, 0.9, 0.7};
  std::uint32_t level_by_default = 2;  // from 1
  bool operator==(const LimitPolicy&) const = default;
};

// A value of an output, for each row; `numbers` or `texts` fill the output's dimensions behind the rows.
struct OutputValue {
  std::string output;
  std::vector<double> numbers;
  std::vector<std::string> texts;
  bool operator==(const OutputValue&) const = default;
};

enum class RuleComparison : std::uint8_t { kAlways, kLess, kLessOrEqual, kEqual, kNotEqual, kGreaterOrEqual, kGreater };

// Of a list, the first whose condition holds for a row gives the row's outputs.
struct FallbackRule {
  std::string column;  // of the contract, or "INPUT[3]"; "" with kAlways
  RuleComparison comparison = RuleComparison::kAlways;
  double number = 0;
  std::optional<std::string> text;  // compared where the column is text
  std::vector<OutputValue> outputs;
  bool operator==(const FallbackRule&) const = default;
};

struct FallbackStep {
  enum class Kind : std::uint8_t { kVersion, kEndpoint, kRemote, kStale, kRules };
  Kind kind = Kind::kVersion;
  std::string version;   // kVersion: of the same model; kEndpoint: "" for the endpoint's own choice
  std::string endpoint;  // kEndpoint
  RemoteTarget remote;   // kRemote
  std::vector<FallbackRule> rules;
  bool operator==(const FallbackStep&) const = default;
};
std::string_view to_string(FallbackStep::Kind kind) noexcept;  // "version", "endpoint", "remote", "stale", "rules"

struct Policy {
  std::optional<std::chrono::microseconds> timeout;  // of a request, all attempts and fallbacks together
  bool may_be_nan = true;                            // false: an answer with NaN or infinity is a failure
  std::optional<RetryPolicy> retry;
  std::optional<BreakerPolicy> breaker;
  std::optional<LimitPolicy> limit;
  BatchPolicy batch;                    // how requests share runs
  std::vector<FallbackStep> fallback;   // tried in order
  std::vector<OutputValue> by_default;  // the last resort; empty: the error is the answer
  bool operator==(const Policy&) const = default;
};

// Errors: invalid_argument "policy.syntax", "policy.duplicate_key", "policy.unknown_key", "policy.bad_value",
// "policy.missing_key"; one detail for each mistake, with line and column.
Result<Policy> parse_policy(std::string_view yaml);

}  // namespace slipway

#include <algorithm>

#include "base/bytes.h"
#include "data/number.h"
#include "data/shape.h"
#include "serving/duration.h"
#include "serving/policy.h"

namespace slipway {
namespace {

using yaml::Node;
using enum ValueKind;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint32_t kAttemptsMax = 5;
constexpr std::uint32_t kConcurrencyMax = 1'000'000;
constexpr std::size_t kLevelsMax = LimitPolicy::kLevelsMax;
constexpr std::uint32_t kPriorityMax = 64;
constexpr std::uint32_t kRowsMax = 65'536;
constexpr std::size_t kStepsMax = 8;
constexpr std::size_t kRulesMax = 1'000;

constexpr KeyRule kRetryKeys[] = {{"attempts", kCount},
                                  {"backoffFirst", kText},
                                  {"backoffMax", kText},
                                  {"budgetRatio", kText},
                                  {"budgetPerSecond", kCount}};
constexpr Shape kRetry{kRetryKeys};

constexpr KeyRule kBreakerKeys[] = {{"failureRatio", kText}, {"slowAfter", kText}, {"slowRatio", kText},
                                    {"window", kText},       {"callsMin", kCount}, {"openFor", kText},
                                    {"probes", kCount}};
constexpr Shape kBreaker{kBreakerKeys};

constexpr KeyRule kLimitKeys[] = {{"adaptive", kBoolean},
                                  {"concurrencyMin", kCount},
                                  {"concurrencyMax", kCount},
                                  {"levelShares", kTextList},
                                  {"levelByDefault", kCount}};
constexpr Shape kLimit{kLimitKeys};

constexpr KeyRule kBatchKeys[] = {{"enabled", kBoolean},      {"rowsMax", kCount},    {"preferredRows", kTextList},
                                  {"delayMax", kText},        {"adaptive", kBoolean}, {"preservesOrder", kBoolean},
                                  {"levelByDefault", kCount}, {"queueMax", kCount},   {"instances", kCount}};
constexpr Shape kBatch{kBatchKeys};

constexpr Shape kOutputs{{}, true};

constexpr KeyRule kWhenKeys[] = {{"column", kText, nullptr, true},
                                 {"less", kNumber},
                                 {"lessOrEqual", kNumber},
                                 {"equal", kText},
                                 {"notEqual", kText},
                                 {"greaterOrEqual", kNumber},
                                 {"greater", kNumber}};
constexpr Shape kWhen{kWhenKeys};
constexpr KeyRule kRuleKeys[] = {{"when", kMap, &kWhen}, {"outputs", kMap, &kOutputs, true}};
constexpr Shape kRule{kRuleKeys};

constexpr KeyRule kStepKeys[] = {{"version", kText},
                                 {"endpoint", kText},
                                 {"remote", kMap, &kRemoteTargetShape},
                                 {"stale", kBoolean},
                                 {"rules", kMapList, &kRule}};
constexpr Shape kStep{kStepKeys};

constexpr KeyRule kPolicyKeys[] = {
    {"timeout", kText},       {"notFinite", kText},     {"retry", kMap, &kRetry},       {"breaker", kMap, &kBreaker},
    {"limit", kMap, &kLimit}, {"batch", kMap, &kBatch}, {"fallback", kMapList, &kStep}, {"default", kMap, &kOutputs}};
constexpr Shape kPolicy{kPolicyKeys};

// "20%" or "0.2", above 0 and at most 1.
std::optional<double> parse_ratio(std::string_view text) {
  const bool is_percent = text.ends_with('%');
  if (is_percent) text.remove_suffix(1);
  const std::optional<Number> number = Number::parse(text);
  if (!number) return std::nullopt;
  const double value = number->to_double() / (is_percent ? 100 : 1);
  return value > 0 && value <= 1 ? std::optional(value) : std::nullopt;
}

class PolicyReader {
 public:
  Result<Policy> read(const Node& root) {
    check_shape(root, kPolicy, "", problems_);
    if (!problems_.is_empty()) return fail(problems_.to_error());
    if (const Node* node = present(root, "timeout")) read_duration(*node, "timeout", policy_.timeout.emplace());
    if (const Node* node = present(root, "notFinite")) read_not_finite(*node);
    if (const Node* node = present(root, "retry")) read_retry(*node, policy_.retry.emplace());
    if (const Node* node = present(root, "breaker")) read_breaker(*node, policy_.breaker.emplace());
    if (const Node* node = present(root, "limit")) read_limit(*node, policy_.limit.emplace());
    if (const Node* node = present(root, "batch")) read_batch(*node, policy_.batch);
    if (const Node* node = present(root, "fallback")) read_fallback(*node);
    if (const Node* node = present(root, "default")) read_outputs(*node, "default", policy_.by_default);
    if (!problems_.is_empty()) return fail(problems_.to_error());
    return std::move(policy_);
  }

 private:
  static const Node* present(const Node& map, std::string_view key) {
    const Node* value = map.find(key);
    return value == nullptr || value->kind == Node::Kind::kNull ? nullptr : value;
  }

  void refuse(const Node& node, const std::string& path, std::string rule) {
    const std::string found = node.kind == Node::Kind::kScalar ? quoted(node.text) : "a list or map";
    problems_.add(problems_.reason("bad_value"), node.position, path, found, std::move(rule));
  }

  template <typename Duration>
  void read_duration(const Node& node, const std::string& path, Duration& into) {
    const std::optional<microseconds> found = parse_duration(node.text);
    const Duration whole = std::chrono::duration_cast<Duration>(found.value_or(microseconds(0)));
    if (whole.count() == 0) return refuse(node, path, std::string(kDurationRule));
    into = whole;
  }

  void read_ratio(const Node& node, const std::string& path, double& into) {
    const std::optional<double> found = parse_ratio(node.text);
    if (!found) return refuse(node, path, "must be a share such as 20% or 0.2, above 0 and at most 1");
    into = *found;
  }

  // Of a node that check_shape() has found to be a whole number.
  void read_count(const Node& node, const std::string& path, std::uint32_t least, std::uint32_t most,
                  std::uint32_t& into) {
    const WideInt found = Number::parse(node.text)->floor();
    if (found < least || found > most) {
      return refuse(node, path, "must be from " + std::to_string(least) + " to " + std::to_string(most));
    }
    into = static_cast<std::uint32_t>(found);
  }

  void read_not_finite(const Node& node) {
    if (node.text != "allow" && node.text != "reject") {
      return refuse(node, "notFinite", "must be allow or reject: what becomes of an answer with NaN or an infinity");
    }
    policy_.may_be_nan = node.text == "allow";
  }

  void read_retry(const Node& map, RetryPolicy& retry) {
    if (const Node* node = present(map, "attempts"))
      read_count(*node, "retry.attempts", 1, kAttemptsMax, retry.attempts_max);
    if (const Node* node = present(map, "backoffFirst"))
      read_duration(*node, "retry.backoffFirst", retry.backoff_first);
    if (const Node* node = present(map, "backoffMax")) read_duration(*node, "retry.backoffMax", retry.backoff_max);
    if (const Node* node = present(map, "budgetRatio")) read_ratio(*node, "retry.budgetRatio", retry.budget_ratio);
    if (const Node* node = present(map, "budgetPerSecond")) {
      read_count(*node, "retry.budgetPerSecond", 0, kConcurrencyMax, retry.budget_per_second_min);
    }
    if (retry.backoff_max < retry.backoff_first) refuse(map, "retry.backoffMax", "must not be below backoffFirst");
  }

  void read_breaker(const Node& map, BreakerPolicy& breaker) {
    if (const Node* node = present(map, "failureRatio"))
      read_ratio(*node, "breaker.failureRatio", breaker.failure_ratio);
    if (const Node* node = present(map, "slowAfter"))
      read_duration(*node, "breaker.slowAfter", breaker.slow_after.emplace());
    if (const Node* node = present(map, "slowRatio")) read_ratio(*node, "breaker.slowRatio", breaker.slow_ratio);
    if (const Node* node = present(map, "window")) read_duration(*node, "breaker.window", breaker.window);
    if (const Node* node = present(map, "callsMin")) {
      read_count(*node, "breaker.callsMin", 1, kConcurrencyMax, breaker.calls_min);
    }
    if (const Node* node = present(map, "openFor")) read_duration(*node, "breaker.openFor", breaker.open_for);
    if (const Node* node = present(map, "probes")) read_count(*node, "breaker.probes", 1, 1'000, breaker.probes);
  }

  void read_limit(const Node& map, LimitPolicy& limit) {
    if (const Node* node = present(map, "adaptive")) limit.is_adaptive = node->text == "true";
    if (const Node* node = present(map, "concurrencyMin")) {
      read_count(*node, "limit.concurrencyMin", 1, kConcurrencyMax, limit.concurrency_min);
    }
    if (const Node* node = present(map, "concurrencyMax")) {
      read_count(*node, "limit.concurrencyMax", 1, kConcurrencyMax, limit.concurrency_max);
    }
    if (limit.concurrency_max < limit.concurrency_min) {
      refuse(map, "limit.concurrencyMax", "must not be below concurrencyMin");
    }
    if (const Node* node = present(map, "levelShares")) read_level_shares(*node, limit.level_shares);
    if (const Node* node = present(map, "levelByDefault")) {
      const auto levels = static_cast<std::uint32_t>(limit.level_shares.size());
      read_count(*node, "limit.levelByDefault", 1, std::max(1U, levels), limit.level_by_default);
    }
    limit.level_by_default = std::min(limit.level_by_default, static_cast<std::uint32_t>(limit.level_shares.size()));
  }

  void read_batch(const Node& map, BatchPolicy& batch) {
    if (const Node* node = present(map, "enabled")) batch.is_enabled = node->text == "true";
    if (const Node* node = present(map, "rowsMax")) read_count(*node, "batch.rowsMax", 1, kRowsMax, batch.rows_max);
    if (const Node* node = present(map, "preferredRows")) read_preferred_rows(*node, batch.preferred_rows);
    if (const Node* node = present(map, "delayMax")) read_duration(*node, "batch.delayMax", batch.delay_max);
    if (const Node* node = present(map, "adaptive")) batch.is_adaptive = node->text == "true";
    if (const Node* node = present(map, "preservesOrder")) batch.preserves_order = node->text == "true";
    if (const Node* node = present(map, "levelByDefault")) {
      read_count(*node, "batch.levelByDefault", 1, kPriorityMax, batch.level_by_default);
    }
    if (const Node* node = present(map, "queueMax")) {
      read_count(*node, "batch.queueMax", 1, kConcurrencyMax, batch.queue_max);
    }
    if (const Node* node = present(map, "instances")) read_count(*node, "batch.instances", 1, 64, batch.instances);
  }

  void read_preferred_rows(const Node& list, std::vector<std::uint32_t>& rows) {
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const std::string path = "batch.preferredRows[" + std::to_string(i) + "]";
      const std::optional<Number> number = Number::parse(list.items[i]->text);
      if (!number || !number->is_whole()) {
        refuse(*list.items[i], path, "must be a whole number");
        continue;
      }
      read_count(*list.items[i], path, 1, kRowsMax, rows.emplace_back(0));
      if (i > 0 && rows[i] <= rows[i - 1]) refuse(*list.items[i], path, "must be above the number before it");
    }
  }

  void read_level_shares(const Node& list, std::vector<double>& shares) {
    if (list.items.empty() || list.items.size() > kLevelsMax) {
      return refuse(list, "limit.levelShares", "must have 1 to " + std::to_string(kLevelsMax) + " shares");
    }
    shares.clear();
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const std::string path = "limit.levelShares[" + std::to_string(i) + "]";
      read_ratio(*list.items[i], path, shares.emplace_back(1.0));
      if (i > 0 && shares[i] > shares[i - 1]) refuse(*list.items[i], path, "must not be above the share before it");
    }
  }

  void read_fallback(const Node& list) {
    if (list.items.size() > kStepsMax) {
      return refuse(list, "fallback", "must have at most " + std::to_string(kStepsMax) + " steps");
    }
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      read_step(*list.items[i], "fallback[" + std::to_string(i) + "]", policy_.fallback.emplace_back());
    }
  }

  void read_step(const Node& map, const std::string& path, FallbackStep& step) {
    const Node* version = present(map, "version");
    const Node* endpoint = present(map, "endpoint");
    const Node* remote = present(map, "remote");
    const Node* stale = present(map, "stale");
    const Node* rules = present(map, "rules");
    const bool has_version_alone = version != nullptr && endpoint == nullptr;
    const int ways = int{has_version_alone} + int{endpoint != nullptr} + int{remote != nullptr} +
                     int{stale != nullptr} + int{rules != nullptr};
    if (ways != 1) return refuse(map, path, "must have exactly one of version, endpoint, remote, stale and rules");
    if (version != nullptr) step.version = version->text;
    if (endpoint != nullptr) {
      step.kind = FallbackStep::Kind::kEndpoint;
      step.endpoint = endpoint->text;
    } else if (remote != nullptr) {
      step.kind = FallbackStep::Kind::kRemote;
      step.remote = read_remote_target(*remote, path + ".remote", problems_);
    } else if (stale != nullptr) {
      step.kind = FallbackStep::Kind::kStale;
      if (stale->text != "true") refuse(*stale, path + ".stale", "must be true; leave the step out instead");
    } else if (rules != nullptr) {
      step.kind = FallbackStep::Kind::kRules;
      read_rules(*rules, path + ".rules", step.rules);
    }
  }

  void read_rules(const Node& list, const std::string& path, std::vector<FallbackRule>& rules) {
    if (list.items.empty() || list.items.size() > kRulesMax) {
      return refuse(list, path, "must have 1 to " + std::to_string(kRulesMax) + " rules");
    }
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const std::string place = path + "[" + std::to_string(i) + "]";
      FallbackRule& rule = rules.emplace_back();
      if (const Node* when = present(*list.items[i], "when")) read_condition(*when, place + ".when", rule);
      read_outputs(*list.items[i]->find("outputs"), place + ".outputs", rule.outputs);
    }
  }

  void read_condition(const Node& map, const std::string& path, FallbackRule& rule) {
    static constexpr std::pair<std::string_view, RuleComparison> kComparisons[] = {
        {"less", RuleComparison::kLess},       {"lessOrEqual", RuleComparison::kLessOrEqual},
        {"equal", RuleComparison::kEqual},     {"notEqual", RuleComparison::kNotEqual},
        {"greater", RuleComparison::kGreater}, {"greaterOrEqual", RuleComparison::kGreaterOrEqual}};
    rule.column = map.find("column")->text;
    const Node* operand = nullptr;
    for (const auto& [name, comparison] : kComparisons) {
      const Node* found = present(map, name);
      if (found == nullptr) continue;
      if (operand != nullptr) return refuse(map, path, "must have one comparison");
      operand = found;
      rule.comparison = comparison;
    }
    if (operand == nullptr)
      return refuse(map, path, "must have one of less, lessOrEqual, equal, notEqual, greaterOrEqual, greater");
    const std::optional<Number> number = operand->is_quoted ? std::nullopt : Number::parse(operand->text);
    if (number) {
      rule.number = number->to_double();
    } else {
      rule.text = operand->text;
    }
  }

  void read_outputs(const Node& map, const std::string& path, std::vector<OutputValue>& outputs) {
    if (map.entries.empty()) return refuse(map, path, "must name an output and its value");
    for (const yaml::Entry& entry : map.entries) {
      OutputValue& output = outputs.emplace_back();
      output.output = entry.key;
      const std::string place = path + "." + entry.key;
      if (entry.value->kind == Node::Kind::kScalar) {
        add_value(*entry.value, place, output);
      } else if (entry.value->kind == Node::Kind::kList && !entry.value->items.empty()) {
        for (const Node* item : entry.value->items) add_value(*item, place, output);
      } else {
        refuse(*entry.value, place, "must be a value or a list of values, those of one row");
      }
    }
  }

  void add_value(const Node& node, const std::string& path, OutputValue& output) {
    if (node.kind != Node::Kind::kScalar) return refuse(node, path, "must be a number or text");
    const std::optional<Number> number = node.is_quoted ? std::nullopt : Number::parse(node.text);
    const bool mixes = number ? !output.texts.empty() : !output.numbers.empty();
    if (mixes) return refuse(node, path, "must be all numbers or all texts");
    if (number) {
      output.numbers.push_back(number->to_double());
    } else {
      output.texts.push_back(node.text);
    }
  }

  Policy policy_;
  Problems problems_{"policy"};
};

}  // namespace

std::string_view to_string(FallbackStep::Kind kind) noexcept {
  switch (kind) {
    case FallbackStep::Kind::kVersion:
      return "version";
    case FallbackStep::Kind::kEndpoint:
      return "endpoint";
    case FallbackStep::Kind::kRemote:
      return "remote";
    case FallbackStep::Kind::kStale:
      return "stale";
    case FallbackStep::Kind::kRules:
      return "rules";
  }
  return "";
}

Result<Policy> parse_policy(std::string_view yaml) {
  SLIPWAY_TRY(const yaml::Document document, yaml::Document::parse(yaml, {.subject = "policy"}));
  return PolicyReader().read(document.root());
}

}  // namespace slipway

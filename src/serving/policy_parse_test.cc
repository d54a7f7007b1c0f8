#include <gtest/gtest.h>

#include "serving/policy.h"

namespace slipway {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

std::string reason_of(std::string_view yaml) {
  const auto policy = parse_policy(yaml);
  return policy ? "" : policy.error().reason;
}

std::string message_of(std::string_view yaml) {
  const auto policy = parse_policy(yaml);
  return policy ? "" : policy.error().message;
}

TEST(ParsePolicy, ReadsEveryKey) {
  const auto policy = parse_policy(R"(
timeout: 1.5s
notFinite: reject
retry: {attempts: 4, backoffFirst: 250us, backoffMax: 50ms, budgetRatio: 10%, budgetPerSecond: 0}
breaker: {failureRatio: 0.25, slowAfter: 20ms, slowRatio: 80%, window: 30s, callsMin: 5, openFor: 1m, probes: 1}
limit: {adaptive: false, concurrencyMin: 1, concurrencyMax: 8, levelShares: [100%, 0.5], levelByDefault: 1}
batch: {enabled: true, rowsMax: 32, preferredRows: [8, 16], delayMax: 2ms, adaptive: false, preservesOrder: true,
        levelByDefault: 3, queueMax: 100, instances: 2}
fallback:
  - version: 1.2.0
  - {endpoint: simple, version: 2.0.0}
  - remote: {url: "https://example.org:8000/", model: iris, version: 3, timeout: 80ms, key: {file: triton, header: X-Key}}
  - stale: true
  - rules:
      - when: {column: amount, greater: 1e3}
        outputs: {label: 1, score: [0.9, 0.1]}
      - when: {column: country, equal: "49"}
        outputs: {label: 2, score: [0, 1]}
      - outputs: {label: 0, score: [0.5, 0.5]}
default: {label: -1, name: unknown}
)");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->timeout, microseconds(1'500'000));
  EXPECT_FALSE(policy->may_be_nan);
  EXPECT_EQ(policy->retry, (RetryPolicy{4, microseconds(250), microseconds(50'000), 0.1, 0}));
  EXPECT_EQ(policy->breaker,
            (BreakerPolicy{0.25, microseconds(20'000), 0.8, milliseconds(30'000), 5, milliseconds(60'000), 1}));
  EXPECT_EQ(policy->limit, (LimitPolicy{false, 1, 8, {1.0, 0.5}, 1}));
  EXPECT_EQ(policy->batch, (BatchPolicy{true, 32, {8, 16}, microseconds(2'000), false, true, 3, 100, 2}));
  ASSERT_EQ(policy->fallback.size(), 5U);
  EXPECT_EQ(policy->fallback[0].version, "1.2.0");
  EXPECT_EQ(policy->fallback[1].endpoint, "simple");
  EXPECT_EQ(policy->fallback[1].version, "2.0.0");
  EXPECT_EQ(policy->fallback[2].remote, (RemoteTarget{"https://example.org:8000", "iris", "3", microseconds(80'000),
                                                      RemoteKey{RemoteKey::Source::kFile, "triton", "x-key"}}));
  EXPECT_EQ(policy->fallback[3].kind, FallbackStep::Kind::kStale);
  const auto& rules = policy->fallback[4].rules;
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[0].comparison, RuleComparison::kGreater);
  EXPECT_EQ(rules[0].number, 1000);
  EXPECT_EQ(rules[0].outputs, (std::vector<OutputValue>{{"label", {1}, {}}, {"score", {0.9, 0.1}, {}}}));
  EXPECT_EQ(rules[1].text, "49");
  EXPECT_EQ(rules[2].comparison, RuleComparison::kAlways);
  EXPECT_EQ(policy->by_default, (std::vector<OutputValue>{{"label", {-1}, {}}, {"name", {}, {"unknown"}}}));
}

TEST(ParsePolicy, LeavesOutWhatIsNotThere) {
  const auto policy = parse_policy("timeout: 1s");
  ASSERT_TRUE(policy);
  EXPECT_FALSE(policy->retry || policy->breaker || policy->limit);
  EXPECT_TRUE(policy->may_be_nan);
  const auto defaults = parse_policy("retry: {}\nbreaker: {}\nlimit: {}");
  ASSERT_TRUE(defaults);
  EXPECT_EQ(defaults->retry, RetryPolicy());
  EXPECT_EQ(defaults->breaker, BreakerPolicy());
  EXPECT_EQ(defaults->limit, LimitPolicy());
}

TEST(ParsePolicy, RefusesWithTheReason) {
  EXPECT_EQ(reason_of(""), "policy.syntax");
  EXPECT_EQ(reason_of("timeout: [1s"), "policy.syntax");
  EXPECT_EQ(reason_of("timeout: 1s\ntimeout: 2s"), "policy.duplicate_key");
  EXPECT_EQ(reason_of("retries: {}"), "policy.unknown_key");
  EXPECT_EQ(reason_of("- timeout: 1s"), "policy.bad_value");
  for (const char* text :
       {"timeout: 1",
        "timeout: 0s",
        "timeout: -1s",
        "timeout: 1h",
        "timeout: 2d",
        "timeout: 61m",
        "timeout: s",
        "timeout: 1..5s",
        "notFinite: maybe",
        "retry: 3",
        "retry: {attempts: 0}",
        "retry: {attempts: 6}",
        "retry: {attempts: 99999999999999999999}",
        "retry: {backoffFirst: 2s, backoffMax: 1s}",
        "retry: {budgetRatio: 0}",
        "retry: {budgetRatio: 101%}",
        "retry: {budgetRatio: nan}",
        "breaker: {window: 10us}",
        "breaker: {callsMin: 0}",
        "breaker: {probes: 0}",
        "breaker: {failureRatio: 1.01}",
        "limit: {concurrencyMin: 5, concurrencyMax: 4}",
        "limit: {levelShares: []}",
        "limit: {levelShares: [0.5, 0.9]}",
        "limit: {levelShares: [1], levelByDefault: 2}",
        "limit: {adaptive: yes}",
        "fallback: [{}]",
        "fallback: [{version: 1.0.0, stale: true}]",
        "fallback: [{stale: false}]",
        "fallback: [{remote: http://a/b}]",
        "fallback: [{remote: {url: ftp://a, model: b}}]",
        "fallback: [{remote: {url: http://a, model: ''}}]",
        "fallback: [{remote: {url: http://a, model: b, timeout: 3}}]",
        "fallback: [{remote: {url: http://a, model: b, key: {}}}]",
        "fallback: [{remote: {url: http://a, model: b, key: {file: ../key}}}]",
        "fallback: [{remote: {url: http://a, model: b, key: {file: a, environment: SLIPWAY_REMOTE_B}}}]",
        "fallback: [{remote: {url: http://a, model: b, key: {environment: AWS_SECRET}}}]",
        "fallback: [{remote: {url: http://a, model: b, key: {file: a, header: host}}}]",
        "fallback: [{rules: []}]",
        "fallback: [{rules: [{when: {column: a}, outputs: {x: 1}}]}]",
        "fallback: [{rules: [{when: {column: a, less: 1, greater: 0}, outputs: {x: 1}}]}]",
        "default: {}",
        "batch: {rowsMax: 0}",
        "batch: {preferredRows: [8, 8]}",
        "batch: {preferredRows: [a]}",
        "batch: {delayMax: 0ms}",
        "batch: {instances: 65}",
        "default: {x: []}",
        "default: {x: {y: 1}}",
        "default: {x: [1, a]}"}) {
    EXPECT_EQ(reason_of(text), "policy.bad_value") << text;
  }
}

TEST(ParsePolicy, NamesThePlaceAndWhatItAccepts) {
  EXPECT_EQ(message_of("retry:\n  attempts: 9"),
            R"(line 2, column 13: must be from 1 to 5 (retry.attempts, found "9"))");
  EXPECT_EQ(message_of("retry: {attemps: 2}"),
            R"(line 1, column 9: unknown key; did you mean "attempts"? (retry.attemps, found "attemps"))");
  const auto two = parse_policy("timeout: 1\nretry: {attempts: 9}");
  ASSERT_FALSE(two);
  ASSERT_EQ(two.error().details.size(), 2U);
  EXPECT_EQ(two.error().details[1].field, "retry.attempts");
  EXPECT_EQ(two.error().details[1].rule, "line 2, column 19: must be from 1 to 5");
}

}  // namespace
}  // namespace slipway

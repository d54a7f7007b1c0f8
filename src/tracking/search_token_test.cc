#include "tracking/search_token.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "registry/page.h"
#include "tracking/search_entities.h"

namespace slipway {
namespace {

constexpr std::string_view kFingerprint = "0123456789abcdef";

std::vector<SearchOrder> orders() {
  const std::vector<std::string> texts{"metrics.m DESC", "params.p", "end_time"};
  return *parse_search_order(run_search_entity(), texts);
}

std::vector<SearchPlace> places(std::string param, double metric, std::int64_t end, std::string id) {
  using Rank = SearchPlace::Rank;
  return {{Rank::kValue, metric},
          {Rank::kValue, std::move(param)},
          {Rank::kValue, end},
          {Rank::kValue, std::int64_t{7}},
          {Rank::kValue, std::move(id)}};
}

auto parse(std::string_view token) { return parse_search_token("runs", kFingerprint, orders(), token); }

RC_GTEST_PROP(SearchToken, HoldsAnyPlace, (double metric, std::int64_t end)) {
  const auto param = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
  std::vector<SearchPlace> wanted = places(param, metric, end, "run");
  if (*rc::gen::arbitrary<bool>()) wanted[0] = {SearchPlace::Rank::kNan, SqlNull{}};
  if (*rc::gen::arbitrary<bool>()) wanted[1] = {SearchPlace::Rank::kMissing, SqlNull{}};
  if (*rc::gen::arbitrary<bool>()) wanted[2] = {SearchPlace::Rank::kMissing, SqlNull{}};
  const auto read = parse(make_search_token("runs", kFingerprint, wanted));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == wanted);
}

TEST(SearchToken, OfAnotherSearchIsRefused) {
  const std::string token = make_search_token("runs", kFingerprint, places("v", 0.5, 1, "run"));
  ASSERT_TRUE(parse(token));
  EXPECT_FALSE(parse_search_token("runs", "0123456789abcdee", orders(), token));
  EXPECT_FALSE(parse_search_token("experiments", kFingerprint, orders(), token));
  EXPECT_EQ(parse(token + "00").error().reason, "search.invalid_token");
}

TEST(SearchToken, MadeUpIsRefused) {
  const auto made = [](std::string_view key) {
    return make_page_token("runs", std::string(kFingerprint) + std::string(key));
  };
  ASSERT_TRUE(parse(made("r0.5;t1:vi1;i7;t3:run")));
  for (const std::string_view key :
       {"", "r0.5;t1:vi1;i7;", "r0.5;t1:vi1;i7;t3:runx", "rnan;t1:vi1;i7;t3:run", "i5;t1:vi1;i7;t3:run",
        "r0.5;t99:vi1;i7;t3:run", "r0.5;t-1:vi1;i7;t3:run", "r0.5;t18446744073709551615:v", "r0.5;t1:\xffi1;i7;t3:run",
        "r0.5;nni7;t3:run", "r0.5;t1:vi1;-t3:run", "r0.5;t1:vi99999999999999999999;i7;t3:run", "r0.5", "r", "t3",
        "-"}) {
    EXPECT_FALSE(parse(made(key))) << key;
  }
  EXPECT_FALSE(parse(make_page_token("runs", std::string(kFingerprint) + "r0.5;t1:" + '\0' + "i1;i7;t3:run")));
  for (const std::string_view token : {"x", "zz", "00", "eyJvZmZzZXQiOiAxMDB9"}) EXPECT_FALSE(parse(token)) << token;
  EXPECT_FALSE(parse(std::string(300 << 10, '0')));
}

}  // namespace
}  // namespace slipway

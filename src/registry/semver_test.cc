#include "registry/semver.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace slipway {
namespace {

SemVer version(std::string_view text) {
  auto parsed = SemVer::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(SemVer{});
}

// The lists of valid and invalid versions that semver.org links to (regex101.com/r/vkijKf), without build metadata.
TEST(SemVer, AcceptsTheValidListAndWritesItBack) {
  for (const std::string_view text : {"0.0.4",
                                      "1.2.3",
                                      "10.20.30",
                                      "1.1.2-prerelease",
                                      "1.0.0-alpha",
                                      "1.0.0-beta",
                                      "1.0.0-alpha.beta",
                                      "1.0.0-alpha.beta.1",
                                      "1.0.0-alpha.1",
                                      "1.0.0-alpha0.valid",
                                      "1.0.0-alpha.0valid",
                                      "1.0.0-rc.1",
                                      "10.2.3-DEV-SNAPSHOT",
                                      "1.2.3-SNAPSHOT-123",
                                      "1.0.0",
                                      "2.0.0",
                                      "1.1.7",
                                      "1.2.3----RC-SNAPSHOT.12.9.1--.12",
                                      "1.2.3----R-S.12.9.1--.12",
                                      "1.0.0-0A.is.legal",
                                      "9007199254740991.0.0"}) {
    EXPECT_EQ(version(text).to_string(), text);
  }
}

TEST(SemVer, RefusesTheInvalidList) {
  for (const std::string_view text : {"1",
                                      "1.2",
                                      "1.2.3-0123",
                                      "1.2.3-0123.0123",
                                      "alpha",
                                      "alpha.beta",
                                      "alpha.beta.1",
                                      "alpha.1",
                                      "-alpha.beta",
                                      "alpha_beta",
                                      "alpha.",
                                      "alpha..",
                                      "beta",
                                      "1.0.0-alpha_beta",
                                      "1.0.0-alpha..",
                                      "1.0.0-alpha..1",
                                      "1.0.0-alpha...1",
                                      "1.0.0-alpha.",
                                      "01.1.1",
                                      "1.01.1",
                                      "1.1.01",
                                      "1.2.3.DEV",
                                      "1.2-SNAPSHOT",
                                      "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12",
                                      "1.2-RC-SNAPSHOT",
                                      "-1.0.3-gamma",
                                      "",
                                      " 1.2.3",
                                      "1.2.3 ",
                                      "v1.2.3",
                                      "1.2.3-",
                                      "1..3",
                                      ".1.2.3",
                                      "1.2.3.",
                                      "9007199254740992.0.0",
                                      "99999999999999999999999.999999999999999999.99999999999999999",
                                      "1.2.3-\xC3\xA9"}) {
    const auto parsed = SemVer::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().reason, "semver.invalid") << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument);
  }
  EXPECT_FALSE(SemVer::parse("1.0.0-" + std::string(200, 'a')));
  EXPECT_FALSE(SemVer::parse(std::string_view("1.0.0\0", 6)));
}

TEST(SemVer, RefusesBuildMetadataByName) {
  for (const std::string_view text : {"1.0.0+20130313144700", "1.0.0-beta+exp.sha.5114f85", "1.0.0+a-b", "1.0.0+"}) {
    const auto parsed = SemVer::parse(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().reason, "semver.build_metadata") << text;
  }
}

// SemVer 2.0.0, section 11, and further steps around it.
TEST(SemVer, OrdersAsSectionElevenSays) {
  const std::vector<std::string_view> ascending = {"0.0.0-0",         "0.0.0",         "0.0.1",
                                                   "0.9.0",           "1.0.0-0",       "1.0.0-1",
                                                   "1.0.0-2",         "1.0.0-11",      "1.0.0-99999999999999999999",
                                                   "1.0.0--",         "1.0.0-1-",      "1.0.0-Z",
                                                   "1.0.0-alpha",     "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                                   "1.0.0-beta",      "1.0.0-beta.2",  "1.0.0-beta.11",
                                                   "1.0.0-beta.11.0", "1.0.0-beta1",   "1.0.0-rc.1",
                                                   "1.0.0",           "1.0.1",         "1.2.0",
                                                   "1.10.0",          "2.0.0",         "2.1.0",
                                                   "2.1.1",           "10.0.0"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t k = 0; k < ascending.size(); ++k) {
      EXPECT_EQ(version(ascending[i]) <=> version(ascending[k]), i <=> k) << ascending[i] << " and " << ascending[k];
      EXPECT_EQ(sort_key(version(ascending[i])) <=> sort_key(version(ascending[k])), i <=> k)
          << ascending[i] << ascending[k];
    }
  }
}

struct RangeCase {
  std::string_view range;
  std::vector<std::string_view> inside;
  std::vector<std::string_view> outside;
};

// After the tables of node-semver's README ("Advanced Range Syntax", "Prerelease Tags").
TEST(SemVerRange, HoldsWhatItsTableSays) {
  const std::vector<RangeCase> cases = {
      {"*", {"0.0.0", "1.2.3", "99.0.0"}, {"1.0.0-rc.1"}},
      {"x", {"0.0.0", "7.0.1"}, {"7.0.1-a"}},
      {">=*", {"0.0.0"}, {}},
      {"<*", {}, {"0.0.0", "1.0.0", "0.0.0-0"}},
      {">*", {}, {"0.0.0", "1.0.0"}},
      {"1", {"1.0.0", "1.99.9"}, {"0.9.9", "2.0.0", "1.0.0-rc.1", "2.0.0-0"}},
      {"1.x", {"1.0.0", "1.99.9"}, {"2.0.0"}},
      {"1.2", {"1.2.0", "1.2.9"}, {"1.3.0", "1.1.9"}},
      {"1.2.x", {"1.2.0", "1.2.9"}, {"1.3.0", "1.3.0-0"}},
      {"1.2.*", {"1.2.0"}, {"1.3.0"}},
      {"=1.2.3", {"1.2.3"}, {"1.2.4", "1.2.3-rc"}},
      {"1.2.3", {"1.2.3"}, {"1.2.2"}},
      {"=1.2", {"1.2.7"}, {"1.3.0"}},
      {"^1.2.3", {"1.2.3", "1.9.9"}, {"1.2.2", "2.0.0", "2.0.0-alpha", "1.3.0-beta"}},
      {"^1.2", {"1.2.0", "1.9.9"}, {"1.1.9", "2.0.0"}},
      {"^1", {"1.0.0", "1.9.9"}, {"0.9.9", "2.0.0"}},
      {"^0.2.3", {"0.2.3", "0.2.9"}, {"0.2.2", "0.3.0"}},
      {"^0.0.3", {"0.0.3"}, {"0.0.2", "0.0.4"}},
      {"^0.0", {"0.0.0", "0.0.9"}, {"0.1.0"}},
      {"^0.0.x", {"0.0.0", "0.0.9"}, {"0.1.0"}},
      {"^0", {"0.0.0", "0.9.9"}, {"1.0.0"}},
      {"^0.x", {"0.0.0", "0.9.9"}, {"1.0.0"}},
      {"^1.2.3-beta.2", {"1.2.3-beta.2", "1.2.3-beta.4", "1.2.3", "1.9.0"}, {"1.2.4-beta.2", "1.2.3-beta.1", "2.0.0"}},
      {"^0.0.3-beta", {"0.0.3-pr.2", "0.0.3"}, {"0.0.4", "0.0.3-alpha"}},
      {"~1.2.3", {"1.2.3", "1.2.9"}, {"1.2.2", "1.3.0"}},
      {"~1.2", {"1.2.0", "1.2.9"}, {"1.3.0"}},
      {"~1", {"1.0.0", "1.9.9"}, {"2.0.0"}},
      {"~0.2.3", {"0.2.3"}, {"0.3.0"}},
      {"~1.2.3-beta.2", {"1.2.3-beta.4", "1.2.3"}, {"1.2.4-beta.2", "1.3.0"}},
      {">1", {"2.0.0"}, {"1.9.9", "1.0.0", "2.0.0-rc"}},
      {">1.2", {"1.3.0"}, {"1.2.9"}},
      {">1.2.3", {"1.2.4"}, {"1.2.3"}},
      {">=1 <2", {"1.0.0", "1.9.9"}, {"0.9.9", "2.0.0", "2.0.0-rc.1"}},
      {">= 1.2.7  < 1.3.0", {"1.2.7", "1.2.99"}, {"1.2.6", "1.3.0"}},
      {"<1.2", {"1.1.9"}, {"1.2.0", "1.2.0-alpha"}},
      {"<=1.2", {"1.2.9"}, {"1.3.0"}},
      {"<=1.2.3", {"1.2.3", "0.0.0"}, {"1.2.4"}},
      {"<1.2.3", {"1.2.2"}, {"1.2.3", "1.2.3-rc"}},
      {">1.2.3-alpha.3", {"1.2.3-alpha.7", "3.4.5"}, {"3.4.5-alpha.9", "1.2.3-alpha.3"}},
      {"1.2.7 || >=1.2.9 <2.0.0", {"1.2.7", "1.2.9", "1.4.6"}, {"1.2.8", "2.0.0"}},
      {">=1.0.0-rc.1 <1.0.0 || 3", {"1.0.0-rc.2", "3.1.0"}, {"1.0.0", "3.0.0-rc.1"}},
  };
  for (const RangeCase& row : cases) {
    const auto range = SemVerRange::parse(row.range);
    ASSERT_TRUE(range) << row.range << ": " << range.error().message;
    for (const auto text : row.inside) EXPECT_TRUE(range->contains(version(text))) << text << " in " << row.range;
    for (const auto text : row.outside) EXPECT_FALSE(range->contains(version(text))) << text << " in " << row.range;
  }
}

TEST(SemVerRange, RefusesWhatItCannotRead) {
  for (const std::string_view text : {"",         " ",        "||",      "1 ||",  "|| 1",
                                      "^",        ">=",       "1.2.3.4", "1.x.3", "x.1",
                                      "1.2-rc.1", "1.2.x-rc", "latest",  "v1",    "1,2",
                                      "^^1",      "=>1",      "01",      "^1.02", "1.2.3-01",
                                      "1.2.3+b",  "^1.2.3+b", "1-2",     "1 - 2", "9007199254740992",
                                      "1|2",      "1.",       "1.2.",    "1.2.3-"}) {
    const auto range = SemVerRange::parse(text);
    ASSERT_FALSE(range) << text;
    EXPECT_EQ(range.error().reason, "semver.invalid_range") << text;
  }
  EXPECT_FALSE(SemVerRange::parse(std::string(300, '1')));
}

TEST(SemVerRange, BestMatchIsTheGreatestInside) {
  const std::vector<SemVer> versions = {version("1.9.0"), version("1.10.0"), version("2.0.0"), version("1.11.0-rc.1"),
                                        version("0.1.0")};
  EXPECT_EQ(best_match(*SemVerRange::parse("^1.2"), versions), 1U);
  EXPECT_EQ(best_match(*SemVerRange::parse("*"), versions), 2U);
  EXPECT_EQ(best_match(SemVerRange::any(), versions), 2U);
  EXPECT_EQ(best_match(*SemVerRange::parse(">=1.11.0-rc.0 <2"), versions), 3U);
  EXPECT_EQ(best_match(*SemVerRange::parse("^3"), versions), std::nullopt);
  EXPECT_EQ(best_match(SemVerRange::any(), {}), std::nullopt);
}

// Small numbers and few letters, so that equal and nearly equal versions come up often.
rc::Gen<SemVer> any_version() {
  const auto identifier = rc::gen::oneOf(rc::gen::map(rc::gen::inRange(0, 12), [](int n) { return std::to_string(n); }),
                                         rc::gen::elementOf(std::vector<std::string>{"a", "ab", "b", "-", "0a", "Z"}));
  const auto prerelease = rc::gen::map(rc::gen::resize(3, rc::gen::container<std::vector<std::string>>(identifier)),
                                       [](const std::vector<std::string>& parts) {
                                         std::string joined;
                                         for (const auto& part : parts) joined += (joined.empty() ? "" : ".") + part;
                                         return joined;
                                       });
  const auto number = rc::gen::map(rc::gen::inRange(0, 3), [](int n) { return static_cast<std::uint64_t>(n); });
  return rc::gen::map(rc::gen::tuple(number, number, number, prerelease), [](const auto& parts) {
    return SemVer{std::get<0>(parts), std::get<1>(parts), std::get<2>(parts), std::get<3>(parts)};
  });
}

RC_GTEST_PROP(SemVerLaws, TextReadsBackAsTheSameVersion, ()) {
  const SemVer a = *any_version();
  RC_ASSERT(*SemVer::parse(a.to_string()) == a);
}

RC_GTEST_PROP(SemVerLaws, OrderIsTotal, ()) {
  const SemVer a = *any_version();
  const SemVer b = *any_version();
  const SemVer c = *any_version();
  RC_ASSERT((a <=> b == 0) == (a == b));
  RC_ASSERT((a < b) == (b > a));
  if (a <= b && b <= c) RC_ASSERT(a <= c);
}

RC_GTEST_PROP(SemVerLaws, SortKeyHasTheSameOrder, ()) {
  const SemVer a = *any_version();
  const SemVer b = *any_version();
  RC_ASSERT((sort_key(a) <=> sort_key(b)) == (a <=> b));
}

RC_GTEST_PROP(SemVerLaws, CaretOfAVersionHoldsItAndNeverTheNextMajor, ()) {
  const SemVer a = *any_version();
  const auto range = SemVerRange::parse("^" + a.to_string());
  RC_ASSERT(range.has_value());
  RC_ASSERT(range->contains(a));
  RC_ASSERT(!range->contains(SemVer{a.major + 1, 0, 0, ""}));
  RC_ASSERT(!range->contains(SemVer{a.major + 1, 0, 0, "0"}));
}

}  // namespace
}  // namespace slipway

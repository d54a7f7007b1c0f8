#include "base/id.h"

#include <gtest/gtest.h>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace slipway {
namespace {

// RFC 9562, appendix A.6: an example of version 7, its fields and its time.
TEST(Id, ReadsTheExampleOfTheRfc) {
  const auto id = Id::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  std::uint64_t millis = 0;
  for (std::size_t i = 0; i < 6; ++i) millis = millis << 8 | id->bytes()[i];
  EXPECT_EQ(millis, 1'645'557'742'000U);
}

TEST(Id, CarriesTimeVersionAndVariant) {
  ManualClock clock(WallTime(std::chrono::milliseconds(1'645'557'742'000)));
  SeededRandom random(1);
  std::string text;
  std::thread([&] { text = Id::make(clock, random).to_string(); }).join();  // a thread that has made no id yet
  EXPECT_EQ(text.substr(0, 13), "017f22e2-79b0");
  EXPECT_EQ(text[14], '7');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
}

TEST(Id, IncreasesWithinAThreadAlsoWithinAMillisecondAndWhenTheClockGoesBack) {
  std::thread([] {
    ManualClock clock(WallTime(std::chrono::hours(24 * 365 * 50)));
    SeededRandom random(2);
    Id last = Id::make(clock, random);
    const auto expect_larger = [&] {
      const Id next = Id::make(clock, random);
      EXPECT_LT(last, next);
      EXPECT_LT(last.to_string(), next.to_string()) << "text sorts like the id";
      last = next;
    };
    for (int i = 0; i < 10'000; ++i) expect_larger();  // more than the 4,096 of the counter
    clock.advance(std::chrono::hours(1));
    expect_larger();
    clock.advance(-std::chrono::hours(2));
    for (int i = 0; i < 100; ++i) expect_larger();
  }).join();
}

TEST(Id, IsUniqueAcrossThreads) {
  constexpr std::size_t kEach = 20'000;
  std::vector<std::vector<Id>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (std::size_t i = 0; i < kEach; ++i) ids.push_back(Id::make());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Id> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), kEach * made.size());
}

TEST(Id, RefusesEveryOtherSpelling) {
  const std::string good = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  EXPECT_TRUE(Id::parse(good));
  EXPECT_FALSE(Id::parse(""));
  EXPECT_FALSE(Id::parse(good.substr(1)));
  EXPECT_FALSE(Id::parse(good + "0"));
  EXPECT_FALSE(Id::parse("{" + good.substr(1)));
  EXPECT_FALSE(Id::parse("017f22e279b07cc398c4dc0c0c07398f0000"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '-' ? '0' : 'g';
    EXPECT_FALSE(Id::parse(bad)) << i;
  }
}

}  // namespace
}  // namespace slipway

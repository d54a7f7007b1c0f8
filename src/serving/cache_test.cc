#include <cmath>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <set>

#include "serving/cache_freshness.h"
#include "serving/cache_payoff.h"
#include "serving/execution_test_case.h"
#include "serving/kept_tensors.h"
#include "serving/memory_cache.h"
#include "serving/redis_cache.h"
#include "serving/single_flight.h"

namespace slipway {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::LoopExecutor;
using testing::row;
using testing::Tensors;

const Digest kVersion = sha256("a bundle");
const Digest kOtherVersion = sha256("another bundle");

class CacheKeyTest : public ::testing::Test {
 protected:
  CacheKey key(Tensors inputs, std::vector<std::uint32_t> wanted = {}, const Digest& version = kVersion,
               std::string_view endpoint = "iris") {
    const auto views = inputs.views();
    return keys_.make({.endpoint = endpoint, .version = version, .outputs = 2, .wanted = wanted}, views);
  }
  static Tensors floats(std::vector<std::int64_t> shape, std::vector<float> values) {
    return Tensors().add<float>("x", DataType::kFp32, std::move(shape), values);
  }

  Secret secret_{std::string(32, 's')};
  CacheKeyMaker keys_{secret_};
};

TEST_F(CacheKeyTest, IsTheSameForTheSameQuestion) {
  EXPECT_EQ(key(row(1)), key(row(1)));
  EXPECT_EQ(key(row(1), {}), key(row(1), {0, 1}));  // all outputs, in their own order
  const Tensors a = Tensors().add<float>("a", DataType::kFp32, {1}, {1.F}).add<float>("b", DataType::kFp32, {1}, {2.F});
  const Tensors b = Tensors().add<float>("b", DataType::kFp32, {1}, {2.F}).add<float>("a", DataType::kFp32, {1}, {1.F});
  EXPECT_EQ(key(a), key(b));  // the order of the inputs says nothing
}

TEST_F(CacheKeyTest, DiffersInEverythingThatDecidesTheAnswer) {
  std::set<Digest> keys;
  const auto add = [&](const CacheKey& made) { EXPECT_TRUE(keys.insert(made.digest).second) << keys.size(); };
  add(key(floats({2, 3}, {1, 2, 3, 4, 5, 6})));
  add(key(floats({3, 2}, {1, 2, 3, 4, 5, 6})));                                       // the shape, with the same bytes
  add(key(Tensors().add<float>("x", DataType::kInt32, {2, 3}, {1, 2, 3, 4, 5, 6})));  // the type
  add(key(Tensors().add<float>("y", DataType::kFp32, {2, 3}, {1, 2, 3, 4, 5, 6})));   // the name
  add(key(floats({2, 3}, {1, 2, 3, 4, 5, 7})));
  add(key(floats({2, 3}, {1, 2, 3, 4, 5, 6}), {0}));
  add(key(floats({2, 3}, {1, 2, 3, 4, 5, 6}), {1}));
  add(key(floats({2, 3}, {1, 2, 3, 4, 5, 6}), {1, 0}));
  add(key(floats({2, 3}, {1, 2, 3, 4, 5, 6}), {}, kOtherVersion));
  add(key(floats({2, 3}, {1, 2, 3, 4, 5, 6}), {}, kVersion, "other"));
  add(key(floats({1}, {0.0F})));
  add(key(floats({1}, {-0.0F})));  // by bits
  add(key(Tensors().add_texts("t", {2}, {"ab", "c"})));
  add(key(Tensors().add_texts("t", {2}, {"a", "bc"})));
}

TEST_F(CacheKeyTest, CannotBeMadeWithoutTheSecret) {
  const Secret other(std::string(32, 't'));
  Tensors inputs = row(1);
  const auto views = inputs.views();
  EXPECT_NE(key(row(1)),
            CacheKeyMaker(other).make({.endpoint = "iris", .version = kVersion, .outputs = 2, .wanted = {}}, views));
}

Tensors answer_tensors() {
  return Tensors()
      .add<float>("y", DataType::kFp32, {3, 1}, {1.5F, NAN, -0.0F})
      .add_texts("labels", {2, 2}, {"a", "", std::string("b\0c", 3), "dd"})
      .add<std::int8_t>("flags", DataType::kInt8, {3}, {1, 2, 3})
      .add<double>("none", DataType::kFp64, {0, 4}, {});
}

void expect_equal(std::span<const TensorView> found, std::span<const TensorView> expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].name, expected[i].name);
    EXPECT_EQ(found[i].type, expected[i].type);
    EXPECT_TRUE(std::ranges::equal(found[i].shape, expected[i].shape));
    EXPECT_TRUE(std::ranges::equal(found[i].data, expected[i].data));
    EXPECT_TRUE(std::ranges::equal(found[i].strings, expected[i].strings));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(found[i].data.data()) % 8, 0U);
  }
}

const WallTime kMade{microseconds(1'700'000'000'123'456)};

std::shared_ptr<const CachedAnswer> answer_of(float value, WallTime made = kMade) {
  Tensors tensors = row(value);
  return CachedAnswer::make(tensors.views(), made, microseconds(7));
}

float value_of(const CachedAnswer& answer) {
  float value = 0;
  std::memcpy(&value, answer.outputs()[0].data.data(), sizeof value);
  return value;
}

TEST(CachedAnswer, GivesBackWhatWasKept) {
  Tensors tensors = answer_tensors();
  const auto views = tensors.views();
  const auto made = CachedAnswer::make(views, kMade, nanoseconds(1234));
  ASSERT_NE(made, nullptr);
  expect_equal(made->outputs(), views);
  const auto parsed = CachedAnswer::parse(made->bytes());
  ASSERT_NE(parsed, nullptr);
  expect_equal(parsed->outputs(), views);
  EXPECT_EQ(parsed->made(), kMade);
  EXPECT_EQ(parsed->run(), nanoseconds(1234));
}

TEST(CachedAnswer, RefusesWhatIsNotWhole) {
  Tensors tensors = answer_tensors();
  const auto bytes = CachedAnswer::make(tensors.views(), kMade, nanoseconds(1))->bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_EQ(CachedAnswer::parse(bytes.first(size)), nullptr);
  std::vector<std::byte> longer(bytes.begin(), bytes.end());
  longer.resize(longer.size() + 8);
  EXPECT_EQ(CachedAnswer::parse(longer), nullptr);
}

RC_GTEST_PROP(CachedAnswer, ReadsNothingBeyondBytesThatWereChanged, ()) {
  Tensors tensors = answer_tensors();
  const auto bytes = CachedAnswer::make(tensors.views(), kMade, nanoseconds(1))->bytes();
  std::vector<std::byte> changed(bytes.begin(), bytes.end());
  const auto places = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, changed.size()));
  for (const std::size_t place : places) changed[place] = static_cast<std::byte>(*rc::gen::arbitrary<std::uint8_t>());
  const auto parsed = CachedAnswer::parse(changed);
  if (!parsed) return;
  for (const TensorView& output : parsed->outputs()) {
    const auto elements = element_count(output.shape);
    RC_ASSERT(elements.has_value() == true);
    const bool is_whole = output.type == DataType::kBytes ? output.strings.size() == *elements
                                                          : output.data.size() == *elements * element_size(output.type);
    RC_ASSERT(is_whole);
  }
}

TEST(KeptTensors, OutliveWhatTheyWereCopiedFrom) {
  auto tensors = std::make_unique<Tensors>(answer_tensors());
  const KeptTensors kept(tensors->views());
  tensors.reset();
  Tensors again = answer_tensors();
  const auto expected = again.views();
  expect_equal(kept.views(), expected);
}

CacheKey numbered(std::uint64_t number) {
  CacheKey key;
  key.digest = sha256(std::to_string(number));
  key.digest.bytes[8] = 0;  // all of one shard
  return key;
}

TEST(MemoryCache, GivesWhatWasPutLast) {
  MemoryCache cache(1 << 20);
  EXPECT_EQ(cache.find(numbered(1)), nullptr);
  cache.put(numbered(1), answer_of(1));
  cache.put(numbered(2), answer_of(2));
  cache.put(numbered(1), answer_of(3));
  ASSERT_NE(cache.find(numbered(1)), nullptr);
  EXPECT_EQ(value_of(*cache.find(numbered(1))), 3);
  EXPECT_EQ(value_of(*cache.find(numbered(2))), 2);
  EXPECT_EQ(cache.statistics().entries, 2U);
  EXPECT_EQ(cache.statistics().bytes, 2 * MemoryCache::entry_bytes(*answer_of(1)));
}

TEST(MemoryCache, ComparesTheWholeKey) {
  MemoryCache cache(1 << 20);
  CacheKey twin = numbered(1);
  twin.digest.bytes.back() ^= 1;  // the same name, and another question
  cache.put(numbered(1), answer_of(1));
  EXPECT_EQ(cache.find(twin), nullptr);
}

// The example of the SIEVE paper's figure: what is visited survives the hand once and keeps its place.
TEST(MemoryCache, EvictsTheOldestThatWasNotVisited) {
  const std::size_t entry = MemoryCache::entry_bytes(*answer_of(0));
  MemoryCache cache(8 * (10 * entry));  // ten in each shard
  for (std::uint64_t i = 0; i < 10; ++i) cache.put(numbered(i), answer_of(static_cast<float>(i)));
  for (const std::uint64_t visited : {0U, 1U, 3U}) EXPECT_NE(cache.find(numbered(visited)), nullptr);
  cache.put(numbered(10), answer_of(10));  // the hand passes 0 and 1, takes 2
  cache.put(numbered(11), answer_of(11));  // passes 3, takes 4
  EXPECT_EQ(cache.statistics().evictions, 2U);
  EXPECT_EQ(cache.statistics().entries, 10U);
  for (const std::uint64_t kept : {0U, 1U, 3U, 5U, 10U, 11U}) EXPECT_NE(cache.find(numbered(kept)), nullptr) << kept;
  for (const std::uint64_t gone : {2U, 4U}) EXPECT_EQ(cache.find(numbered(gone)), nullptr) << gone;
}

TEST(MemoryCache, KeepsNothingThatWouldPushOutEverythingElse) {
  MemoryCache cache(8 * 8 * MemoryCache::entry_bytes(*answer_of(0)) - 64);
  cache.put(numbered(1), answer_of(1));
  EXPECT_EQ(cache.find(numbered(1)), nullptr);
  MemoryCache none(0);
  none.put(numbered(1), answer_of(1));
  EXPECT_EQ(none.find(numbered(1)), nullptr);
}

RC_GTEST_PROP(MemoryCache, NeverHoldsMoreThanItsLimitAndCountsWhatItHolds, ()) {
  const std::size_t entry = MemoryCache::entry_bytes(*answer_of(0));
  MemoryCache cache(8 * 9 * entry);
  std::map<std::uint64_t, float> newest;
  for (const auto& [number, is_put] : *rc::gen::container<std::vector<std::pair<std::uint64_t, bool>>>(
           rc::gen::pair(rc::gen::inRange<std::uint64_t>(0, 20), rc::gen::arbitrary<bool>()))) {
    if (is_put) {
      newest[number] += 1;
      cache.put(numbered(number), answer_of(newest[number]));
    } else if (const auto found = cache.find(numbered(number))) {
      RC_ASSERT(value_of(*found) == newest[number]);
    }
    const auto statistics = cache.statistics();
    RC_ASSERT(statistics.entries <= 9U);
    RC_ASSERT(statistics.bytes == statistics.entries * entry);
    RC_ASSERT(statistics.entries == std::min<std::size_t>(newest.size(), 9));
  }
}

TEST(MemoryCache, IsSharedByThreads) {
  const std::size_t entry = MemoryCache::entry_bytes(*answer_of(0));
  MemoryCache cache(8 * 16 * entry);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      SeededRandom random(static_cast<std::uint64_t>(thread));
      for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t number = random.next() % 64;
        CacheKey key;
        key.digest = sha256(std::to_string(number));
        if (i % 3 == 0) cache.put(key, answer_of(static_cast<float>(number)));
        const auto found = cache.find(key);
        if (found && value_of(*found) != static_cast<float>(number)) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(cache.statistics().bytes, 8 * 16 * entry);
}

class RedisCacheTest : public ::testing::Test {
 protected:
  static RedisOptions nobody() {
    RedisOptions options;
    options.address = {"127.0.0.1", 1, "", 0};  // nothing listens there
    return options;
  }
  metrics::Registry registry_;
  const Secret secret_{std::string(32, 's')};
  RedisCache cache_{nobody(), secret_, registry_};
};

TEST_F(RedisCacheTest, TrustsOnlyWhatWasSealedForTheSameQuestion) {
  const auto answer = answer_of(7);
  const std::string sealed = cache_.seal(numbered(1), answer->bytes());
  const auto opened = cache_.unseal(numbered(1), sealed);
  ASSERT_NE(opened, nullptr);
  EXPECT_EQ(value_of(*opened), 7);
  EXPECT_EQ(cache_.unseal(numbered(2), sealed), nullptr);
  CacheKey twin = numbered(1);
  twin.digest.bytes.back() ^= 1;  // the same name in Redis
  EXPECT_EQ(RedisCache::name_of(twin), RedisCache::name_of(numbered(1)));
  EXPECT_EQ(cache_.unseal(twin, sealed), nullptr);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(cache_.unseal(numbered(1), changed), nullptr) << i;
    EXPECT_EQ(cache_.unseal(numbered(1), sealed.substr(0, i)), nullptr) << i;
  }
  EXPECT_EQ(cache_.unseal(numbered(1), sealed + '\0'), nullptr);
  const Secret other(std::string(32, 't'));
  EXPECT_EQ(RedisCache(nobody(), other, registry_).unseal(numbered(1), sealed), nullptr);
}

TEST_F(RedisCacheTest, IsEmptyWithoutRedis) {
  LoopExecutor executor;
  for (int i = 0; i < 50; ++i) {  // the breaker opens on the way
    std::optional<std::shared_ptr<const CachedAnswer>> found;
    start(cache_.find(numbered(1), executor), [&](std::shared_ptr<const CachedAnswer> answer) { found = answer; });
    ASSERT_TRUE(executor.run_until([&] { return found.has_value(); }));
    EXPECT_EQ(*found, nullptr);
    cache_.put(numbered(1), *answer_of(1), milliseconds(1'000));
  }
}

TEST(CacheFreshness, FollowsThePolicy) {
  CachePolicy policy{.ttl = seconds(10), .stale_while_revalidate = seconds(5), .stale_if_error = seconds(60)};
  policy.ttl_jitter = 0;
  const CacheKey key = numbered(1);
  const auto at = [&](microseconds age) { return freshness(policy, key, kMade, kMade + age); };
  EXPECT_EQ(at(seconds(0)), Freshness::kFresh);
  EXPECT_EQ(at(seconds(10) - microseconds(1)), Freshness::kFresh);
  EXPECT_EQ(at(seconds(10)), Freshness::kRefresh);
  EXPECT_EQ(at(seconds(15) - microseconds(1)), Freshness::kRefresh);
  EXPECT_EQ(at(seconds(15)), Freshness::kIfError);
  EXPECT_EQ(at(seconds(70) - microseconds(1)), Freshness::kIfError);
  EXPECT_EQ(at(seconds(70)), Freshness::kExpired);
  EXPECT_EQ(at(-seconds(1)), Freshness::kFresh);    // another server's clock is a little ahead
  EXPECT_EQ(at(-seconds(2)), Freshness::kExpired);  // or wrong
  EXPECT_EQ(kept_for(policy), seconds(70));
}

TEST(CacheFreshness, JitterSpreadsExpiryOverItsShare) {
  const CachePolicy policy{.ttl = seconds(100), .ttl_jitter = 0.2};
  microseconds least = hours(1);
  microseconds most{0};
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    least = std::min(least, ttl_of(policy, numbered(i)));
    most = std::max(most, ttl_of(policy, numbered(i)));
  }
  EXPECT_GE(least, seconds(80));
  EXPECT_LT(least, seconds(81));
  EXPECT_LE(most, seconds(100));
  EXPECT_GT(most, seconds(99));
}

TEST(CachePayoff, SaysWhenItStopsAndBeginsToPay) {
  std::vector<bool> verdicts;
  CachePayoff payoff([&](const CacheBalance& balance) { verdicts.push_back(balance.pays()); });
  const auto note = [&](nanoseconds saved) {
    for (std::uint64_t i = 0; i < CachePayoff::kLookups; ++i) payoff.note(saved, nanoseconds(1'000));
  };
  note(nanoseconds(2'000));
  EXPECT_EQ(verdicts, std::vector<bool>());
  note(nanoseconds(900));
  note(nanoseconds(900));
  EXPECT_EQ(verdicts, std::vector<bool>({false}));
  note(nanoseconds(2'000));
  EXPECT_EQ(verdicts, std::vector<bool>({false, true}));
}

class SingleFlightTest : public ::testing::Test {
 protected:
  struct Waiting {
    std::optional<SingleFlight::Arrival> arrival;
  };
  std::unique_ptr<Waiting> wait(const CacheKey& key, nanoseconds limit = hours(1)) {
    auto waiting = std::make_unique<Waiting>();
    start(flights_.wait(key, std::chrono::steady_clock::now() + limit, timer_, executor_),
          [to = waiting.get()](SingleFlight::Arrival arrival) { to->arrival = std::move(arrival); });
    return waiting;
  }
  bool arrives(const Waiting& waiting) {
    return executor_.run_until([&] { return waiting.arrival.has_value(); });
  }

  LoopExecutor executor_;
  DeadlineTimer timer_;
  SingleFlight flights_;
};

TEST_F(SingleFlightTest, EveryoneGetsTheAnswerOfTheFirst) {
  auto lead = flights_.try_lead(numbered(1));
  ASSERT_TRUE(lead);
  EXPECT_FALSE(flights_.try_lead(numbered(1)));
  EXPECT_TRUE(flights_.try_lead(numbered(2)));  // and ended again
  const auto a = wait(numbered(1));
  const auto b = wait(numbered(1));
  EXPECT_FALSE(a->arrival);
  const auto answer = answer_of(5);
  lead->land(answer);
  ASSERT_TRUE(arrives(*a) && arrives(*b));
  EXPECT_EQ(a->arrival->answer, answer);
  EXPECT_EQ(b->arrival->answer, answer);
  EXPECT_TRUE(flights_.try_lead(numbered(1)));
}

TEST_F(SingleFlightTest, WhoeverWaitsIsToldWhenTheFirstFails) {
  const auto waiting = [&] {
    const auto lead = flights_.try_lead(numbered(1));
    return wait(numbered(1));
  }();
  ASSERT_TRUE(arrives(*waiting));
  EXPECT_EQ(waiting->arrival->answer, nullptr);
  EXPECT_FALSE(waiting->arrival->is_late);
  const auto alone = wait(numbered(1));  // nobody computes
  ASSERT_TRUE(arrives(*alone));
  EXPECT_FALSE(alone->arrival->is_late);
}

TEST_F(SingleFlightTest, EachWaitsUntilItsOwnDeadline) {
  auto lead = flights_.try_lead(numbered(1));
  const auto patient = wait(numbered(1));
  const auto hasty = wait(numbered(1), milliseconds(5));
  ASSERT_TRUE(arrives(*hasty));
  EXPECT_TRUE(hasty->arrival->is_late);
  EXPECT_FALSE(patient->arrival);
  lead->land(answer_of(1));
  ASSERT_TRUE(arrives(*patient));
  EXPECT_NE(patient->arrival->answer, nullptr);
}

TEST_F(SingleFlightTest, IsSharedByThreads) {
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      LoopExecutor executor;
      for (std::uint64_t i = 0; i < 500; ++i) {
        if (auto lead = flights_.try_lead(numbered(i % 3))) {
          lead->land(answer_of(1));
          ++answered;
          continue;
        }
        std::optional<SingleFlight::Arrival> arrival;
        start(flights_.wait(numbered(i % 3), std::chrono::steady_clock::now() + hours(1), timer_, executor),
              [&](SingleFlight::Arrival found) { arrival = std::move(found); });
        if (executor.run_until([&] { return arrival.has_value(); }) && !arrival->is_late) ++answered;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(answered, 4 * 500);
}

}  // namespace
}  // namespace slipway

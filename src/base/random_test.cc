#include "base/random.h"

#include <array>
#include <bit>
#include <gtest/gtest.h>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace slipway {
namespace {

// SplitMix64 with seed 1234567, from the reference implementation (Vigna, prng.di.unimi.it/splitmix64.c).
TEST(SeededRandom, MatchesTheReference) {
  SeededRandom random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  EXPECT_EQ(random.next(), 9817491932198370423U);
  EXPECT_EQ(random.next(), 4593380528125082431U);
  EXPECT_EQ(random.next(), 16408922859458223821U);
}

TEST(SystemRandom, FillsEverySizeAlsoAcrossItsPool) {
  for (const std::size_t size : {0U, 1U, 7U, 511U, 512U, 513U, 4096U}) {
    std::vector<std::byte> bytes(size + 2, std::byte{0x5A});
    system_random().fill(std::span(bytes).subspan(1, size));
    EXPECT_EQ(bytes.front(), std::byte{0x5A});
    EXPECT_EQ(bytes.back(), std::byte{0x5A});
  }
}

TEST(SystemRandom, HalfOfTheBitsAreSet) {
  std::vector<std::byte> bytes(1 << 16);
  system_random().fill(bytes);
  int ones = 0;
  for (const std::byte byte : bytes) ones += std::popcount(std::to_integer<unsigned>(byte));
  EXPECT_NEAR(ones, 1 << 18, 6 * 363);  // the standard deviation is sqrt(2^19) / 2 = 362
}

TEST(SystemRandom, ForkedChildDrawsItsOwn) {
  system_random().next();  // the pool holds bytes that are not handed out yet
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe(pipe_ends.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::uint64_t drawn = system_random().next();
    ::_exit(::write(pipe_ends[1], &drawn, sizeof drawn) == sizeof drawn ? 0 : 1);
  }
  const std::uint64_t own = system_random().next();
  std::uint64_t drawn = 0;
  EXPECT_EQ(::read(pipe_ends[0], &drawn, sizeof drawn), static_cast<ssize_t>(sizeof drawn));
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_NE(own, drawn);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

TEST(SystemRandom, ThreadsGetDifferentNumbers) {
  constexpr std::size_t kEach = 5000;
  std::vector<std::vector<std::uint64_t>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& numbers : drawn) {
    threads.emplace_back([&numbers] {
      for (std::size_t i = 0; i < kEach; ++i) numbers.push_back(system_random().next());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::uint64_t> all;
  for (const auto& numbers : drawn) all.insert(numbers.begin(), numbers.end());
  EXPECT_EQ(all.size(), kEach * drawn.size());
}

}  // namespace
}  // namespace slipway

#include "base/snapshot.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace slipway {
namespace {

struct Pair {
  std::uint64_t value;
  std::uint64_t same;
};
std::shared_ptr<const Pair> pair_of(std::uint64_t value) { return std::make_shared<const Pair>(Pair{value, value}); }

TEST(Snapshot, ReaderSeesThePublishedValueAtItsNextRead) {
  SnapshotCell<Pair> cell(pair_of(1));
  SnapshotCell<Pair>::Reader reader(cell);
  EXPECT_EQ(reader.read()->value, 1U);
  cell.publish(pair_of(2));
  EXPECT_EQ(reader.read()->value, 2U);
  EXPECT_EQ(cell.load()->value, 2U);
}

TEST(Snapshot, OldValueIsFreedWhenItsLastReaderMovesOn) {
  auto first = pair_of(1);
  const std::weak_ptr<const Pair> watch = first;
  SnapshotCell<Pair> cell(std::move(first));
  SnapshotCell<Pair>::Reader reader(cell);
  std::shared_ptr<const Pair> held = reader.read();
  cell.publish(pair_of(2));
  EXPECT_FALSE(watch.expired()) << "the reader has not read since";
  reader.read();
  EXPECT_FALSE(watch.expired()) << "a copy is held";
  held.reset();
  EXPECT_TRUE(watch.expired());
}

TEST(Snapshot, ThreadsNeverSeeATornOrAnOlderValue) {
  SnapshotCell<Pair> cell(pair_of(0));
  constexpr std::uint64_t kLast = 5000;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      SnapshotCell<Pair>::Reader reader(cell);
      std::uint64_t seen = 0;
      while (seen < kLast) {
        const auto& pair = reader.read();
        ASSERT_EQ(pair->value, pair->same);
        ASSERT_GE(pair->value, seen);
        seen = pair->value;
      }
    });
  }
  for (std::uint64_t value = 1; value <= kLast; ++value) cell.publish(pair_of(value));
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace slipway

#include "audit/log.h"

#include <cerrno>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "audit/test_support.h"

namespace slipway::audit {
namespace {

using testing::HasSubstr;

TEST(AuditLog, KeepsRecordsAcrossReopening) {
  const TempDirectory directory;
  {
    auto log = open_log(directory.path());
    ASSERT_TRUE(log) << log.error().message;
    for (std::uint64_t i = 0; i < 300; ++i) {
      const auto index = (*log)->append_durable(sample_record(i));
      ASSERT_TRUE(index) << index.error().message;
      EXPECT_EQ(*index, i);
    }
  }
  auto log = open_log(directory.path());
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ((*log)->stats().durable_records, 300);
  EXPECT_EQ((*log)->append_durable(sample_record(300)).value(), 300);
  EXPECT_EQ((*log)->stats().pending_records, 0);
}

TEST(AuditLog, CommitsRelaxedRecordsOnItsOwn) {
  const TempDirectory directory;
  auto log = open_log(directory.path()).value();
  for (std::uint64_t i = 0; i < 1000; ++i) ASSERT_TRUE(log->append_relaxed(sample_record(i)));
  await([&] { return log->stats().durable_records == 1000; });
  EXPECT_EQ(log->stats().pending_bytes, 0);
  EXPECT_LT(log->stats().commits, 1000);
}

TEST(AuditLog, TellsEachStrictCallerItsIndexAfterTheCommit) {
  const TempDirectory directory;
  auto log = open_log(directory.path()).value();
  std::mutex mutex;
  std::vector<std::uint64_t> told;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < 250; ++i) {
        log->append_strict(sample_record(i), [&](Result<std::uint64_t> index) {
          std::lock_guard lock(mutex);
          told.push_back(index.value());
          EXPECT_GT(log->stats().durable_records, *index);
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(log->close());
  ASSERT_EQ(told.size(), 1000);
  std::sort(told.begin(), told.end());
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(told[i], i);
}

TEST(AuditLog, GivesManyDurableCallersDistinctIndexes) {
  const TempDirectory directory;
  auto log = open_log(directory.path()).value();
  std::vector<std::future<std::vector<std::uint64_t>>> callers;
  for (int t = 0; t < 4; ++t) {
    callers.push_back(std::async(std::launch::async, [&] {
      std::vector<std::uint64_t> indexes;
      for (std::uint64_t i = 0; i < 200; ++i) indexes.push_back(log->append_durable(sample_record(i)).value());
      return indexes;
    }));
  }
  std::vector<std::uint64_t> all;
  for (auto& caller : callers) {
    const auto indexes = caller.get();
    EXPECT_TRUE(std::is_sorted(indexes.begin(), indexes.end()));
    all.insert(all.end(), indexes.begin(), indexes.end());
  }
  std::sort(all.begin(), all.end());
  for (std::uint64_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i);
}

TEST(AuditLog, RollsToNewSegmentsAndSealsFullOnes) {
  const TempDirectory directory;
  auto log = open_log(directory.path()).value();
  for (std::uint64_t i = 0; i < 3000; ++i) ASSERT_TRUE(log->append_relaxed(sample_record(i)));
  ASSERT_TRUE(log->close());
  const Catalog catalog = log->catalog();
  ASSERT_GT(catalog.segments.size(), 3);
  EXPECT_EQ(catalog.size(), 3000);
  for (std::size_t i = 0; i + 1 < catalog.segments.size(); ++i) {
    EXPECT_TRUE(catalog.segments[i].is_indexed);
    const auto mode = std::filesystem::status(catalog.path(catalog.segments[i])).permissions();
    EXPECT_EQ(mode & std::filesystem::perms::owner_write, std::filesystem::perms::none);
  }
  log.reset();
  EXPECT_EQ(open_log(directory.path()).value()->stats().durable_records, 3000);
}

TEST(AuditLog, RefusesWhenTheQueueIsFullAndLosesNothingItAccepted) {
  const TempDirectory directory;
  LogOptions options = small_options();
  options.queue_bytes_max = 80 << 10;
  options.batch_time = std::chrono::hours(1);  // nothing is committed by age
  options.batch_records = 1 << 30;             // nor by number
  auto log = AuditLog::open(directory.path(), options).value();
  std::uint64_t accepted = 0;
  Status status;
  while ((status = log->append_relaxed(sample_record(accepted)))) ++accepted;
  EXPECT_EQ(status.error().code, Code::kResourceExhausted);
  EXPECT_EQ(status.error().reason, "audit.queue_full");
  EXPECT_EQ(log->stats().pending_records, accepted);
  EXPECT_EQ(log->stats().refused, 1);
  ASSERT_TRUE(log->close());
  EXPECT_EQ(log->stats().durable_records, accepted);
  EXPECT_EQ(log->append_relaxed(sample_record(0)).error().reason, "audit.closed");
}

std::atomic<int> syncs_until_failure;
int failing_sync(int) {
  if (syncs_until_failure-- > 0) return 0;
  errno = EIO;
  return -1;
}

TEST(AuditLog, RefusesEverythingAfterAFailedSync) {
  const TempDirectory directory;
  LogOptions options = small_options();
  options.sync_data = failing_sync;
  syncs_until_failure = 1;
  auto log = AuditLog::open(directory.path(), options).value();
  EXPECT_TRUE(log->append_durable(sample_record(0)));
  const auto failed = log->append_durable(sample_record(1));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason, "audit.failed");
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  syncs_until_failure = 1000;  // a later sync that succeeds proves nothing about the failed one
  EXPECT_EQ(log->append_relaxed(sample_record(2)).error().reason, "audit.failed");
  std::promise<Result<std::uint64_t>> told;
  log->append_strict(sample_record(3), [&](Result<std::uint64_t> index) { told.set_value(std::move(index)); });
  EXPECT_EQ(told.get_future().get().error().reason, "audit.failed");
  EXPECT_TRUE(log->stats().has_failed);
  EXPECT_EQ(log->stats().durable_records, 1);
  EXPECT_EQ(log->close().error().reason, "audit.failed");
}

TEST(AuditLog, IsOpenInOneProcessOnly) {
  const TempDirectory directory;
  auto log = open_log(directory.path()).value();
  EXPECT_EQ(open_log(directory.path()).error().reason, "audit.locked");
}

TEST(AuditLog, SignsAtMostOneCheckpointAnInterval) {
  const TempDirectory directory;
  ManualClock clock{WallTime{std::chrono::hours(1)}};
  LogOptions options = small_options();
  options.clock = &clock;
  options.checkpoint_interval = std::chrono::milliseconds(20);
  auto log = AuditLog::open(directory.path(), options).value();
  ASSERT_TRUE(log->append_durable(sample_record(0)));
  await([&] { return log->stats().checkpoint_size == 1; });
  ASSERT_TRUE(log->append_durable(sample_record(1)));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // five intervals of real time; the clock stands still
  EXPECT_EQ(log->stats().checkpoint_size, 1);
  clock.advance(std::chrono::milliseconds(20));
  await([&] { return log->stats().checkpoint_size == 2; });
  ASSERT_TRUE(log->append_durable(sample_record(2)));
  ASSERT_TRUE(log->close());
  EXPECT_EQ(log->stats().checkpoint_size, 3);
}

TEST(AuditLog, RefusesToOpenALogWhoseKeyIsGone) {
  const TempDirectory directory;
  { ASSERT_TRUE(open_log(directory.path()).value()->append_durable(sample_record(0))); }
  std::filesystem::remove(directory.path() / "audit.key");
  EXPECT_EQ(open_log(directory.path()).error().reason, "audit.key_missing");
}

TEST(AuditLog, NamesTheSettingThatIsOutOfRange) {
  const TempDirectory directory;
  LogOptions options;
  options.segment_bytes = 1000;
  const auto log = AuditLog::open(directory.path(), options);
  EXPECT_EQ(log.error().reason, "audit.option_invalid");
  EXPECT_THAT(log.error().message, HasSubstr("segment_bytes"));
}

}  // namespace
}  // namespace slipway::audit

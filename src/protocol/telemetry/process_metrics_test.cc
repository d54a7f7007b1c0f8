#include "protocol/telemetry/process_metrics.h"

#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace slipway {
namespace {

TEST(ProcessStats, FollowsWhatTheProcessDoes) {
  const auto before = read_process_stats();
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_GE(before->threads, 1U);
  EXPECT_GT(before->resident_memory_bytes, 1'000'000U);
  EXPECT_GT(before->virtual_memory_bytes, before->resident_memory_bytes);
  EXPECT_GT(before->open_files_max, before->open_files);

  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(before->start_time_seconds, now, 600);

  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  std::mutex mutex;
  std::condition_variable changed;
  bool may_end = false;
  std::thread other([&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return may_end; });
  });
  const auto during = read_process_stats();
  {
    std::lock_guard lock(mutex);
    may_end = true;
  }
  changed.notify_one();
  other.join();
  close(file);
  ASSERT_TRUE(during);
  EXPECT_EQ(during->open_files, before->open_files + 1);
  EXPECT_EQ(during->threads, before->threads + 1);

  const clock_t start = std::clock();
  while (std::clock() - start < CLOCKS_PER_SEC / 10) {
  }
  const auto after = read_process_stats();
  ASSERT_TRUE(after);
  EXPECT_GE(after->cpu_seconds, before->cpu_seconds + 0.05);
}

TEST(ProcessMetrics, UsesTheConventionalNames) {
  std::vector<metrics::Family> families;
  collect_process_metrics(families);
  std::vector<std::string> names;
  for (const auto& family : families) names.push_back(family.name);
  EXPECT_THAT(names, testing::ElementsAre("process_cpu_seconds_total", "process_start_time_seconds",
                                          "process_resident_memory_bytes", "process_virtual_memory_bytes",
                                          "process_threads", "process_open_fds", "process_max_fds"));
}

}  // namespace
}  // namespace slipway

// kill -9 at random moments, a hundred times over one log: nothing acknowledged is lost, the log verifies, it starts
// quickly.
#include <array>
#include <gtest/gtest.h>
#include <map>
#include <poll.h>
#include <random>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/log.h"
#include "audit/query.h"
#include "audit/test_support.h"
#include "audit/verify.h"

namespace slipway::audit {
namespace {

constexpr int kRounds = 100;
constexpr int kRoundsToVerify = 10;

struct Acknowledged {
  std::uint64_t index;
  std::array<std::uint8_t, 16> id;
};

void acknowledge(int pipe, std::uint64_t index, const Id& id) {
  const Acknowledged told{index, id.bytes()};  // smaller than PIPE_BUF: written whole or not at all
  if (::write(pipe, &told, sizeof told) != static_cast<ssize_t>(sizeof told)) ::_exit(3);
}

// The server of one round: strict, durable and relaxed records from several threads until it is killed.
[[noreturn]] void serve(const std::filesystem::path& directory, int pipe) {
  auto log = open_log(directory);
  if (!log) ::_exit(2);
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0;; ++i) {
        const Record record = sample_record(i);
        (*log)->append_strict(record, [pipe, id = record.id](Result<std::uint64_t> index) {
          if (index) acknowledge(pipe, *index, id);
        });
        if (i % 20 == 0) std::this_thread::yield();
      }
    });
  }
  threads.emplace_back([&] {
    for (std::uint64_t i = 0;; ++i) {
      const Record record = sample_record(i);
      if (const auto index = (*log)->append_durable(record)) acknowledge(pipe, *index, record.id);
    }
  });
  for (std::uint64_t i = 0;; ++i) {
    [[maybe_unused]] const Status relaxed = (*log)->append_relaxed(sample_record(i));
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

// Reads what was acknowledged; kills the child `delay` after the first word of it.
std::vector<Acknowledged> run_and_kill(const std::filesystem::path& directory, std::chrono::microseconds delay) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    serve(directory, ends[1]);
  }
  ::close(ends[1]);
  std::vector<Acknowledged> told;
  std::optional<std::chrono::steady_clock::time_point> kill_at;
  Acknowledged one{};
  bool is_killed = false;
  while (true) {
    pollfd readable{ends[0], POLLIN, 0};
    if (kill_at && !is_killed && std::chrono::steady_clock::now() >= *kill_at) {
      ::kill(child, SIGKILL);
      is_killed = true;
    }
    if (::poll(&readable, 1, 1) == 0) continue;
    if (::read(ends[0], &one, sizeof one) != static_cast<ssize_t>(sizeof one)) break;
    told.push_back(one);
    if (!kill_at) kill_at = std::chrono::steady_clock::now() + delay;
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
  return told;
}

void expect_present(const Catalog& catalog, const std::vector<Acknowledged>& told) {
  std::map<std::uint64_t, std::array<std::uint8_t, 16>> wanted;
  for (const auto& one : told) wanted[one.index] = one.id;
  ASSERT_EQ(wanted.size(), told.size()) << "one index was acknowledged twice";
  for (const SegmentInfo& segment : catalog.segments) {
    if (wanted.empty() || wanted.begin()->first >= segment.end_index()) continue;
    const auto mapping = Mapping::open(catalog.path(segment)).value();
    FrameCursor cursor(mapping.bytes().first(segment.data_bytes), segment.first_index);
    while (const auto leaf = cursor.next()) {
      const auto one = wanted.find(cursor.index() - 1);
      if (one == wanted.end()) continue;
      ASSERT_EQ(leaf_id(*leaf).bytes(), one->second) << "record " << one->first << " is another's";
      wanted.erase(one);
    }
  }
  ASSERT_TRUE(wanted.empty()) << wanted.size() << " acknowledged records are missing, the first is "
                              << wanted.begin()->first;
}

TEST(Crash, LosesNothingAcknowledgedInAHundredKills) {
  const TempDirectory directory;
  std::mt19937 random(20261124);
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::chrono::microseconds delay(std::uniform_int_distribution(0, 20'000)(random));
    const auto told = run_and_kill(directory.path(), delay);
    acknowledged += told.size();
    const auto started = std::chrono::steady_clock::now();
    auto log = open_log(directory.path());
    const auto start_time = std::chrono::steady_clock::now() - started;
    ASSERT_TRUE(log) << "round " << round << ": " << log.error().message;
    ASSERT_LT(start_time, std::chrono::seconds(2));
    expect_present((*log)->catalog(), told);
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "round " << round;
    log->reset();
    if (round % kRoundsToVerify != kRoundsToVerify - 1) continue;  // it reads all that was ever written
    const auto report = verify(directory.path()).value();
    ASSERT_TRUE(report.is_sound()) << "round " << round << ": " << report.fault->file << " " << report.fault->what;
    ASSERT_EQ(report.signed_records, report.records);
  }
  EXPECT_GT(acknowledged, kRounds);
  RecordProperty("acknowledged", std::to_string(acknowledged));
}

}  // namespace
}  // namespace slipway::audit

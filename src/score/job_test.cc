#include "score/job.h"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "score/fake_model_test.h"
#include "score/test_file_test.h"

namespace slipway::score {
namespace {

constexpr int kRows = 5'000;

class JobTest : public testing::Test {
 protected:
  JobTest() {
    std::string csv = "X\n";
    for (int i = 0; i < kRows; ++i) csv += i % 100 == 7 ? "-1\n" : std::to_string(i % 12) + '\n';
    files_.write("rows.csv", csv);
  }

  JobSettings settings() const {
    JobSettings settings;
    settings.rows_max = 10;
    settings.concurrency = 3;
    return settings;
  }

  // As the command does it: goes on where a checkpoint is.
  Status run(const std::string& out, const JobSettings& settings, FileFormat format = FileFormat::kCsv) {
    const JobPaths paths(files_.path(out), "");
    const auto source = open_rows(files_.path("rows.csv"), FileFormat::kCsv).value();
    plan_ = FakeModel::plan(source->columns());
    source->select(plan_.file_columns);
    const auto before = read_checkpoint(paths.checkpoint).value();
    SLIPWAY_TRY(job_, Job::open(paths, before ? *before : Checkpoint{"1.0.0", {}, source->position(), {}, 0, 0}));
    if (!before) SLIPWAY_CHECK(job_->begin(make_row_writer(format, plan_, {}).value()->header().value()));
    const auto make_scorer = [&](Wait wait) -> Result<std::unique_ptr<ChunkScorer>> {
      return std::make_unique<ChunkScorer>(plan_, "1.0.0", make_row_writer(format, plan_, {}).value(), model_.ask(),
                                           std::move(wait), retry_);
    };
    SLIPWAY_CHECK(job_->run(*source, make_scorer, settings));
    return job_->finish(format == FileFormat::kParquet);
  }

  TestFiles files_;
  FakeModel model_;
  Plan plan_;
  RetryPolicy retry_;
  std::unique_ptr<Job> job_;
};

TEST_F(JobTest, WritesRowsInTheirOrder) {
  ASSERT_TRUE(run("out.csv", settings()));
  std::string expected = "Y\n";
  for (int i = 0; i < kRows; ++i) {
    if (i % 100 != 7) expected += std::to_string(2 * (i % 12)) + '\n';
  }
  EXPECT_EQ(files_.read("out.csv"), expected);
  EXPECT_EQ(job_->counts(), (Counts{kRows, kRows / 100}));
  EXPECT_EQ(model_.rows_largest, 10u);
  EXPECT_FALSE(files_.has("out.csv.partial"));
  EXPECT_FALSE(files_.has("out.csv.checkpoint"));
}

TEST_F(JobTest, GoesOnAfterEachStopAsIfThereHadBeenNone) {
  ASSERT_TRUE(run("whole.csv", settings()));
  int stops = 0;
  for (;; ++stops) {
    JobSettings stopping = settings();
    stopping.is_stopped = [this, until = model_.requests + 60] { return model_.requests > until; };
    const Status ended = run("out.csv", stopping);
    job_.reset();
    if (ended) break;
    ASSERT_EQ(ended.error().reason, "score.stopped");
    ASSERT_FALSE(files_.has("out.csv"));
    // What a killed process leaves behind its last checkpoint does not count.
    files_.write("out.csv.partial", files_.read("out.csv.partial") + "torn");
    files_.write("out.csv.rejects.jsonl", files_.read("out.csv.rejects.jsonl") + "{");
  }
  EXPECT_GT(stops, 2);
  EXPECT_EQ(files_.read("out.csv"), files_.read("whole.csv"));
  EXPECT_EQ(files_.read("out.csv.rejects.jsonl"), files_.read("whole.csv.rejects.jsonl"));
}

TEST_F(JobTest, AFailureKeepsWhatWasScored) {
  retry_.timeout = std::chrono::milliseconds(0);
  model_.away_after = 50;
  const Status ended = run("out.csv", settings());
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().reason, "cli.unreachable");
  model_.away_after = 1 << 30;
  job_.reset();
  ASSERT_TRUE(run("out.csv", settings()));
  EXPECT_EQ(job_->counts().rows, std::uint64_t{kRows});
  EXPECT_LT(model_.requests, 50 + kRows / 10 + 3 * kRows / 50);  // not from the beginning
}

TEST_F(JobTest, ATornWriteIsNotCounted) {
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto ignored = ::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit fails, like one on a full disk
  rlimit small = before;
  small.rlim_cur = 2'345;
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Status ended = run("out.csv", settings());
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, ignored);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().reason, "score.write_failed");
  job_.reset();
  ASSERT_TRUE(run("out.csv", settings()));
  ASSERT_TRUE(run("whole.csv", settings()));
  EXPECT_EQ(files_.read("out.csv"), files_.read("whole.csv"));
  EXPECT_EQ(files_.read("out.csv.rejects.jsonl"), files_.read("whole.csv.rejects.jsonl"));
}

TEST_F(JobTest, StopsAboveTheMostRejects) {
  JobSettings strict = settings();
  strict.rejects_max = 20;
  const Status ended = run("out.csv", strict);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().reason, "score.too_many_rejects");
  job_.reset();
  strict.rejects_max = 50;
  EXPECT_TRUE(run("out.csv", strict));
}

TEST_F(JobTest, OneJobAtATimeWritesAnOutput) {
  const JobPaths paths(files_.path("out.csv"), "");
  const auto first = Job::open(paths, {});
  ASSERT_TRUE(first);
  const auto second = Job::open(paths, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "score.in_use");
}

TEST_F(JobTest, AnOutputShorterThanItsCheckpointIsNotGoneOnWith) {
  files_.write("out.csv.partial", "Y\n");
  const auto job = Job::open(JobPaths(files_.path("out.csv"), ""), {"1.0.0", {}, {}, {}, 100, 0});
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().reason, "score.write_failed");
}

}  // namespace
}  // namespace slipway::score

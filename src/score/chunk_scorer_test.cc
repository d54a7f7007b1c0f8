#include "score/chunk_scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "score/fake_model_test.h"
#include "score/test_file_test.h"

namespace slipway::score {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class ChunkScorerTest : public testing::Test {
 protected:
  Result<ScoredChunk> score(const std::string& csv) {
    const auto source = open_rows(files_.write("rows.csv", csv), FileFormat::kCsv).value();
    plan_ = FakeModel::plan(source->columns());
    source->select(plan_.file_columns);
    const auto chunk = source->next(1'000).value();
    ChunkScorer scorer(
        plan_, "1.0.0", make_row_writer(FileFormat::kCsv, plan_, {}).value(), model_.ask(),
        [this](milliseconds time) {
          waited_ += time;
          return waits_;
        },
        policy_, random_);
    return scorer.score(*chunk);
  }

  TestFiles files_;
  FakeModel model_;
  Plan plan_;
  RetryPolicy policy_;
  SeededRandom random_{1};
  milliseconds waited_{0};
  bool waits_ = true;
};

TEST_F(ChunkScorerTest, AnswersInTheOrderOfTheFile) {
  const auto scored = score("X\n3\n1\n2\n");
  ASSERT_TRUE(scored);
  EXPECT_EQ(scored->output, "6\n2\n4\n");
  EXPECT_EQ(scored->counts, (Counts{3, 0}));
  EXPECT_EQ(scored->rejects, "");
  EXPECT_EQ(model_.requests, 1);
}

TEST_F(ChunkScorerTest, RejectsTheRowsThatAnErrorNamesUntilNoneIsLeft) {
  const auto scored = score("X\n-1\n1\n-1\n-1\n2\n-1\n-1\n");  // an error names two of them at most
  ASSERT_TRUE(scored);
  EXPECT_EQ(scored->output, "2\n4\n");
  EXPECT_EQ(scored->counts, (Counts{7, 5}));
  EXPECT_THAT(scored->rejects,
              HasSubstr(R"({"line":2,"reason":"contract.violation","message":"x is -1, accepted: minimum 0",)"
                        R"("values":[{"field":"x","found":"-1","rule":"minimum 0"}],"row":"-1"})"));
  EXPECT_THAT(scored->rejects, HasSubstr(R"({"line":8,)"));
}

TEST_F(ChunkScorerTest, FindsTheRowThatMakesTheModelFail) {
  const auto scored = score("X\n1\n2\n3\n4\n13\n6\n7\n8\n");
  ASSERT_TRUE(scored);
  EXPECT_EQ(scored->output, "2\n4\n6\n8\n12\n14\n16\n");
  EXPECT_THAT(scored->rejects, HasSubstr(R"({"line":6,"reason":"run.failed")"));
  EXPECT_LE(model_.requests, 7);  // two for each halving, and the first
}

TEST_F(ChunkScorerTest, RowsThatAreNoneAreNotSent) {
  const auto scored = score("X\nx\n\"1\n\",\n");
  ASSERT_TRUE(scored);
  EXPECT_EQ(scored->output, "");
  EXPECT_EQ(scored->counts, (Counts{2, 2}));
  EXPECT_EQ(model_.requests, 0);
}

TEST_F(ChunkScorerTest, WaitsForAServerThatIsAwayOrBusy) {
  model_.refuse(3, {{Code::kResourceExhausted, "serving.overloaded", "busy", {}}, milliseconds(1'000)});
  const auto scored = score("X\n1\n");
  ASSERT_TRUE(scored);
  EXPECT_EQ(scored->output, "2\n");
  EXPECT_GE(waited_, milliseconds(3'000));  // as the server asks
}

TEST_F(ChunkScorerTest, GivesUpAfterItsTime) {
  policy_.timeout = milliseconds(0);
  model_.refuse(1'000, {{Code::kUnavailable, "cli.unreachable", "away", {}}, milliseconds(1)});
  const auto scored = score("X\n1\n");
  ASSERT_FALSE(scored);
  EXPECT_EQ(scored.error().reason, "cli.unreachable");
}

TEST_F(ChunkScorerTest, EndsItsWaitWhenTheJobDoes) {
  waits_ = false;
  model_.refuse(1'000, {{Code::kUnavailable, "cli.unreachable", "away", {}}, {}});
  EXPECT_EQ(score("X\n1\n").error().reason, "score.stopped");
}

TEST_F(ChunkScorerTest, RowsThatAreTooSlowTogetherAreAskedApart) {
  model_.refuse(3, {{Code::kDeadlineExceeded, "serving.deadline", "slow", {}}, {}});
  const auto scored = score("X\n1\n2\n");
  ASSERT_TRUE(scored);
  EXPECT_EQ(scored->output, "2\n4\n");
  EXPECT_EQ(model_.requests, 5);
}

TEST_F(ChunkScorerTest, WhatNoRequestWouldGetEndsTheJob) {
  model_.refuse(1, {{Code::kNotFound, "model.version_not_served", "retired", {}}, {}});
  EXPECT_EQ(score("X\n1\n2\n").error().reason, "model.version_not_served");
  EXPECT_EQ(model_.requests, 1);
  model_.version = "1.1.0";
  EXPECT_EQ(score("X\n1\n2\n").error().reason, "score.other_version");
}

}  // namespace
}  // namespace slipway::score

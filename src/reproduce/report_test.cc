#include "reproduce/report.h"

#include <gtest/gtest.h>
#include <limits>

namespace slipway::reproduce {
namespace {

Report of(std::vector<Comparison> outputs) {
  Report report;
  report.exit_code = 0;
  report.is_output_same = false;
  report.outputs = std::move(outputs);
  judge(report);
  return report;
}

TEST(Judge, TheWorstOutputDecides) {
  const Comparison same{"a", Match::kIdentical, "", 0, {}};
  const Comparison near{"b", Match::kWithin, "", 1, Deviation{"/x", 1, 2, 1, 1}};
  const Comparison far{"c", Match::kDiffers, "", 1, Deviation{"/x", 1, 3, 2, 2}};
  EXPECT_EQ(of({same, same}).verdict, Verdict::kBitIdentical);
  EXPECT_EQ(of({same, near}).verdict, Verdict::kWithinTolerance);
  EXPECT_EQ(of({near, far, same}).verdict, Verdict::kDiffers);
  EXPECT_EQ(of({near, far, far}).why, "c: 1 became 3 at /x; 2 outputs differ");
  EXPECT_EQ(of({{"d", Match::kDiffers, "it was not made", 0, {}}}).why, "d: it was not made");
}

TEST(Judge, AFailureOfItsOwnSaysNothing) {
  Report report;
  report.exit_code = 1;
  judge(report);
  EXPECT_EQ(report.verdict, Verdict::kCannotRun);
  EXPECT_EQ(report.reason, "reproduce.command_failed");
  report.last_line = "KeyError: 'x'";
  judge(report);
  EXPECT_EQ(report.why, "the command ended with 1, and with 0 when it was recorded: KeyError: 'x'");
}

TEST(Judge, ARecordedFailureIsReproducedByTheSameOne) {
  Report report;
  report.recorded_exit_code = 3;
  report.exit_code = 3;
  report.is_output_same = true;
  judge(report);
  EXPECT_EQ(report.verdict, Verdict::kBitIdentical);
  report.exit_code = 0;
  judge(report);
  EXPECT_EQ(report.verdict, Verdict::kDiffers);
}

TEST(Judge, WithoutOutputsTheStandardOutputIsJudged) {
  EXPECT_EQ(of({}).verdict, Verdict::kDiffers);
  Report report;
  report.exit_code = 0;
  report.is_output_same = true;
  judge(report);
  EXPECT_EQ(report.verdict, Verdict::kBitIdentical);
}

TEST(ReportJson, IsCompleteAndReadable) {
  Report report =
      of({{"m.json", Match::kDiffers, "", 2, Deviation{"/x", 0, 1, 1, std::numeric_limits<double>::infinity()}}});
  report.run_id = "r1";
  report.differences = {"CPU: a -> b"};
  EXPECT_EQ(report_json(report),
            R"({"run_id":"r1","bundle":"0000000000000000000000000000000000000000000000000000000000000000",)"
            R"("verdict":"differs","why":"m.json: 0 became 1 at /x","recorded_exit_code":0,"exit_code":0,)"
            R"("same_standard_output":false,"outputs":[{"path":"m.json","match":"differs","numbers":2,)"
            R"("largest_deviation":{"where":"/x","recorded":0,"reproduced":1,"absolute":1,"relative":"Infinity"}}],)"
            R"("differences":["CPU: a -> b"],"gaps":[]})");
}

}  // namespace
}  // namespace slipway::reproduce

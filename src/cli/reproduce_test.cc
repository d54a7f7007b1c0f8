#include "cli/reproduce.h"

#include <gtest/gtest.h>
#include <limits>

namespace slipway::cli {
namespace {

using reproduce::Comparison;
using reproduce::Deviation;
using reproduce::Match;
using reproduce::Report;
using reproduce::Verdict;

TEST(DescribeReproduction, NamesTheLargestDeviationAndWhatMayExplainIt) {
  Report report;
  report.run_id = "r1";
  report.verdict = Verdict::kDiffers;
  report.why = "m.json: 0.5 became 0.75 at /loss";
  report.outputs = {
      {"m.json", Match::kDiffers, "", 1, Deviation{"/loss", 0.5, 0.75, 0.25, 0.5}},
      {"w.bin", Match::kDiffers, "byte 3 differs", 0, {}},
      {"z.json", Match::kWithin, "", 1, Deviation{"/a", 0, 1e-12, 1e-12, std::numeric_limits<double>::infinity()}}};
  report.differences = {"CPU: A -> B"};
  report.gaps = {"the program \x1b[31m/bin/sh is not captured"};
  EXPECT_EQ(describe_reproduction(report),
            "run:      r1\n"
            "bundle:   0000000000000000000000000000000000000000000000000000000000000000\n"
            "verdict:  differs\n"
            "why:      m.json: 0.5 became 0.75 at /loss\n"
            "\n"
            "OUTPUT  MATCH    LARGEST DEVIATION\n"
            "m.json  differs  0.5 -> 0.75 at /loss (0.25 apart, 0.5 of it)\n"
            "w.bin   differs  byte 3 differs\n"
            "z.json  within   0 -> 1e-12 at /a (1e-12 apart)\n"
            "\n"
            "This machine is another:\n"
            "  CPU: A -> B\n"
            "\n"
            "Not captured when it was recorded:\n"
            "  the program ?[31m/bin/sh is not captured\n");
}

TEST(DescribeReproduction, SaysWhyItCannotRun) {
  Report report;
  report.run_id = "r1";
  report.verdict = Verdict::kCannotRun;
  report.reason = "reproduce.input_missing";
  report.why = "the input x is not to be found";
  const std::string text = describe_reproduction(report);
  EXPECT_NE(
      text.find("verdict:  cannot-run\nwhy:      the input x is not to be found\nreason:   reproduce.input_missing\n"),
      std::string::npos)
      << text;
}

}  // namespace
}  // namespace slipway::cli

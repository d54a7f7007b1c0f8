#include "serving/loader.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Loader, KnowsModelsWhoseTimeDependsOnTheValuesOfAnInput) {
  OnnxSummary summary;
  summary.operators = {{"MatMul", 1}, {"Add", 1}};
  EXPECT_FALSE(may_repeat_by_input(summary));
  for (const char* repeating : {"Loop", "Scan", "Loop:overload"}) {
    OnnxSummary with = summary;
    with.operators[repeating] = 1;
    EXPECT_TRUE(may_repeat_by_input(with)) << repeating;
  }
}

}  // namespace
}  // namespace slipway

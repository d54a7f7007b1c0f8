#include "serving/inline_run.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::microseconds;

ModelSignature signature_of(DataType type, std::vector<std::int64_t> shape) {
  ModelSignature signature;
  signature.inputs = {{{"x", type, std::move(shape)}}};
  return signature;
}

bool allows(const InlineBudget& budget, std::size_t bytes) {
  const std::vector<std::byte> data(bytes);
  const TensorView input{"x", DataType::kFp32, {}, data, {}};
  return budget.allows(std::span(&input, 1));
}

TEST(InlineBudget, GrowsWithTheRowsOfARequest) {
  const InlineBudget budget(signature_of(DataType::kFp32, {-1, 16}), 5, microseconds(100));  // 64 bytes a row
  EXPECT_TRUE(allows(budget, 64));
  EXPECT_TRUE(allows(budget, 20 * 64));
  EXPECT_FALSE(allows(budget, 21 * 64));
  EXPECT_FALSE(allows(budget, 64U << 20)) << "the largest request there is";
}

TEST(InlineBudget, RefusesModelsThatAreSlowOrNotMeasured) {
  EXPECT_FALSE(allows(InlineBudget(signature_of(DataType::kFp32, {-1, 16}), 101, microseconds(100)), 64));
  EXPECT_FALSE(allows(InlineBudget(signature_of(DataType::kFp32, {-1, 16}), 0, microseconds(100)), 64));
  EXPECT_FALSE(allows(InlineBudget(signature_of(DataType::kFp32, {-1, 16}), 5, microseconds(0)), 64));
  EXPECT_FALSE(allows(InlineBudget(), 64));
  EXPECT_FALSE(allows(InlineBudget(), 0));
}

TEST(InlineBudget, CountsTheCharactersOfText) {
  const InlineBudget budget(signature_of(DataType::kBytes, {-1}), 10, microseconds(100));
  const auto fits = [&](std::vector<std::string_view> strings) {
    const TensorView input{"x", DataType::kBytes, {}, {}, strings};
    return budget.allows(std::span(&input, 1));
  };
  const std::string book(1 << 20, 'x');
  EXPECT_TRUE(fits({"a", "b"}));
  EXPECT_FALSE(fits({book}));
  EXPECT_FALSE(fits(std::vector<std::string_view>(11)));
}

TEST(InlineRun, NeverTrustsModelsWhoseTimeDependsOnTheValuesOfAnInput) {
  OnnxSummary summary;
  summary.operators = {{"MatMul", 1}, {"Add", 1}};
  EXPECT_FALSE(may_outgrow_its_input(summary));
  for (const char* growing : {"Loop", "Scan", "Loop:overload", "ConstantOfShape", "Range"}) {
    OnnxSummary with = summary;
    with.operators[growing] = 1;
    EXPECT_TRUE(may_outgrow_its_input(with)) << growing;
  }
}

}  // namespace
}  // namespace slipway

#include "registry/model_tests.h"

#include <gtest/gtest.h>

#include "registry/model_test_runner.h"

namespace slipway {
namespace {

constexpr std::string_view kSuite = R"({
  "cases": [{"name": "two rows", "inputs": {"x": {"datatype": "FP32", "shape": [2, 2], "data": [[1, 2], [3, 4.5]]}},
             "outputs": {"sum": {"data": [3, 7.5]}, "sign": {"data": ["plus", "plus"]}, "half": {"data": [1.5004, 3.75], "tolerance": 0.001}}}],
  "invariances": [{"name": "order", "inputs": {"x": {"datatype": "FP32", "shape": [1, 2], "data": [1, 2]}},
                   "change": {"x": {"datatype": "FP32", "shape": [1, 2], "data": [2, 1]}}, "output": "sum"}],
  "metric": {"name": "accuracy", "data": "holdout.csv", "label": "truth", "output": "sign", "minimum": 0.75,
             "columns": {"x": ["a", "b"]}}})";

// sum and half of each row, and its sign.
Result<std::vector<OwnedTensor>> sums(std::span<const TensorView> inputs) {
  const TensorView& x = inputs[0];
  const std::int64_t rows = x.shape[0];
  OwnedTensor sum("sum", DataType::kFp32, {rows});
  OwnedTensor half("half", DataType::kFp32, {rows});
  OwnedTensor sign("sign", DataType::kBytes, {rows});
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
    const double total = to_double(cell_at(x, 2 * row)) + to_double(cell_at(x, 2 * row + 1));
    sum.append(total);
    half.append(total / 2);
    sign.append(std::string(total < 0 ? "minus" : "plus"));
  }
  return std::vector<OwnedTensor>{sum, half, sign};
}

ModelUnderTest model_with(std::string csv, ModelRun run = sums) {
  ModelUnderTest model;
  model.inputs = {{"x", DataType::kFp32, {-1, 2}}};
  model.run = std::move(run);
  model.read_file = [csv = std::move(csv)](std::string_view path) -> Result<std::string> {
    if (path == "holdout.csv") return csv;
    return fail(Code::kNotFound, "bundle.no_such_file", std::string(path));
  };
  return model;
}

const std::string kCsv = "b,a,truth\n1,1,plus\n-1,-5,minus\n2,2,plus\n3,3,minus\n";

std::string changed(std::string_view what, std::string_view with) {
  std::string text(kSuite);
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

ModelTestReport report_of(const std::string& suite, const ModelUnderTest& model = model_with(kCsv)) {
  const auto tests = parse_model_tests(suite);
  EXPECT_TRUE(tests) << tests.error().message;
  return run_model_tests(tests.value_or(ModelTests{}), model);
}

TEST(ModelTests, PassesAModelThatDoesAsItSays) {
  const ModelTestReport report = report_of(std::string(kSuite));
  EXPECT_TRUE(report.is_passed) << to_json(report);
  ASSERT_EQ(report.checks.size(), 3U);
  EXPECT_EQ(report.checks[2].value, 0.75);
  EXPECT_EQ(report.checks[2].row_count, 4U);
}

TEST(ModelTests, SaysWhatWasExpectedAndFound) {
  const ModelTestReport report = report_of(changed("\"data\": [3, 7.5]", "\"data\": [3, 8]"));
  EXPECT_FALSE(report.is_passed);
  ASSERT_EQ(report.checks[0].mismatches.size(), 1U);
  EXPECT_TRUE(report.checks[1].is_passed);
  EXPECT_EQ(
      to_json(report).substr(0, 158),
      R"({"passed":false,"checks":[{"kind":"case","name":"two rows","passed":false,"message":"","mismatches":[{"output":"sum","index":1,"expected":"8","found":"7.5"}]})");
}

TEST(ModelTests, ToleranceIsAbsoluteAndZeroByDefault) {
  EXPECT_FALSE(report_of(changed(", \"tolerance\": 0.001", "")).is_passed);
  EXPECT_FALSE(report_of(changed("0.001", "0.0001")).is_passed);
}

TEST(ModelTests, ExpectedFloatIsRoundedToTheOutputsType) {
  const std::string suite =
      R"({"cases": [{"name": "a tenth", "inputs": {"x": {"datatype": "FP32", "shape": [1, 2], "data": [0.1, 0]}},
                                "outputs": {"sum": {"data": [0.1]}}}]})";
  EXPECT_TRUE(report_of(suite).is_passed);
}

TEST(ModelTests, CaseFailsOnMissingOutputOtherCountAndFailedRun) {
  EXPECT_FALSE(report_of(changed("\"sum\": {\"data\"", "\"product\": {\"data\"")).is_passed);
  EXPECT_FALSE(report_of(changed("\"data\": [3, 7.5]", "\"data\": [3]")).is_passed);
  const ModelRun crash = [](std::span<const TensorView>) -> Result<std::vector<OwnedTensor>> {
    return fail(Code::kInternal, "test.crash", "the model crashed");
  };
  const ModelTestReport report = report_of(std::string(kSuite), model_with(kCsv, crash));
  for (const ModelCheck& check : report.checks) {
    EXPECT_FALSE(check.is_passed);
    EXPECT_EQ(check.message, "the model crashed");
  }
}

TEST(ModelTests, InvarianceFailsWhereTheOutputMoves) {
  const ModelTestReport report = report_of(changed("\"data\": [2, 1]", "\"data\": [2, 2]"));
  EXPECT_FALSE(report.checks[1].is_passed);
  EXPECT_EQ(report.checks[1].mismatches.at(0).expected, "3");
  EXPECT_EQ(report.checks[1].mismatches.at(0).found, "4");
}

TEST(ModelTests, MetricGatesInBothDirections) {
  EXPECT_FALSE(report_of(changed("\"minimum\": 0.75", "\"minimum\": 0.76")).is_passed);
  EXPECT_FALSE(report_of(changed("\"minimum\": 0.75", "\"maximum\": 0.74")).is_passed);
  EXPECT_TRUE(report_of(changed("\"minimum\": 0.75", "\"maximum\": 0.75")).is_passed);
}

TEST(ModelTests, MetricSaysWhatDoesNotFit) {
  const auto message = [](const std::string& suite, const ModelUnderTest& model = model_with(kCsv)) {
    const ModelTestReport report = report_of(suite, model);
    EXPECT_FALSE(report.checks.at(2).is_passed);
    return report.checks.at(2).message;
  };
  EXPECT_NE(message(changed("holdout.csv", "other.csv")).find("other.csv"), std::string::npos);
  EXPECT_NE(message(changed("\"truth\"", "\"label\"")).find("no column \"label\""), std::string::npos);
  EXPECT_NE(message(changed("[\"a\", \"b\"]", "[\"a\", \"c\"]")).find("no column \"c\""), std::string::npos);
  EXPECT_NE(message(changed("[\"a\", \"b\"]", "[\"a\"]")).find("2 columns"), std::string::npos);
  EXPECT_NE(message(changed("\"output\": \"sign\", \"min", "\"output\": \"none\", \"min")).find("no output \"none\""),
            std::string::npos);
  EXPECT_NE(
      message(std::string(kSuite), model_with("a,b,truth\n1,x,plus\n")).find("row 1, column \"b\": \"x\" is no FP32"),
      std::string::npos);
  ModelUnderTest fixed = model_with(kCsv);
  fixed.inputs[0].shape = {3, 2};
  EXPECT_NE(message(std::string(kSuite), fixed).find("3 rows at a time"), std::string::npos);
}

TEST(ModelTests, MetricRunsInBatchesAndFillsInputsByName) {
  std::string csv = "x,y\n";
  for (int i = 0; i < 2500; ++i) csv += std::to_string(i) + ',' + std::to_string(i + 1) + '\n';
  std::vector<std::int64_t> batches;
  const ModelRun run = [&](std::span<const TensorView> inputs) -> Result<std::vector<OwnedTensor>> {
    batches.push_back(inputs[0].shape[0]);
    OwnedTensor output("y", DataType::kFp64, {inputs[0].shape[0]});
    for (std::size_t i = 0; i < element_count(inputs[0]); ++i) output.append(to_double(cell_at(inputs[0], i)));
    return std::vector<OwnedTensor>{output};
  };
  ModelUnderTest model = model_with(csv, run);
  model.inputs = {{"x", DataType::kInt64, {-1}}};
  const std::string suite =
      R"({"metric": {"name": "mae", "data": "holdout.csv", "label": "y", "output": "y", "maximum": 1}})";
  const ModelTestReport report = report_of(suite, model);
  EXPECT_TRUE(report.is_passed) << to_json(report);
  EXPECT_EQ(report.checks[0].value, 1.0);
  EXPECT_EQ(batches, (std::vector<std::int64_t>{1024, 1024, 452}));
}

TEST(ModelTests, RefusesWhatItDoesNotKnow) {
  for (const auto& [suite, place] : std::vector<std::pair<std::string, std::string>>{
           {"", "document"},
           {"[]", "document"},
           {"{}", "a case, an invariance or a metric"},
           {R"({"case": []})", "\"case\" is unknown"},
           {changed("\"cases\": [", "\"cases\": [1, "), "cases[0]"},
           {changed("\"two rows\"", "\"\""), "cases[0].name"},
           {changed("\"two rows\"", "\"two rows\", \"nmae\": 1"), "cases[0]: the key \"nmae\" is unknown"},
           {changed("\"FP32\"", "\"float\""), "cases[0].inputs.x.datatype"},
           {changed("\"FP32\"", "\"INT8\""), "cases[0].inputs.x.data: element 3, \"4.5\", does not fit INT8"},
           {changed("\"shape\": [2, 2]", "\"shape\": [2, 3]"), "cases[0].inputs.x.data: 4 elements; the shape has 6"},
           {changed("\"shape\": [2, 2]", "\"shape\": [-2, 2]"), "cases[0].inputs.x.shape[0]"},
           {changed("\"shape\": [2, 2]", "\"shape\": [9007199254740991, 9007199254740991]"), "cases[0].inputs.x.shape"},
           {changed("[3, 4.5]", "[3, null]"), "cases[0].inputs.x.data"},
           {changed("0.001", "-1"), "cases[0].outputs.half.tolerance"},
           {changed("\"change\": {\"x\"", "\"change\": {\"z\""),
            "invariances[0].change: \"z\" is not among the inputs"},
           {changed("\"accuracy\"", "\"acuracy\""), "metric: name: accepted are accuracy"},
           {changed("\"minimum\": 0.75", "\"minimum\": 0.75, \"maximum\": 1"), "one of minimum and maximum"},
           {changed("holdout.csv", "../holdout.csv"), "metric: data: path"},
           {changed("[\"a\", \"b\"]", "[]"), "metric.columns.x"},
           {std::string(50'000, '['), "document"}}) {
    const auto tests = parse_model_tests(suite);
    ASSERT_FALSE(tests) << suite;
    EXPECT_EQ(tests.error().reason, "model_tests.invalid");
    EXPECT_NE(tests.error().message.find(place), std::string::npos) << place << " in: " << tests.error().message;
  }
}

}  // namespace
}  // namespace slipway

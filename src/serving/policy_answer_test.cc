#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/contract.h"
#include "serving/policy_rules.h"

namespace slipway {
namespace {

using testing::HasSubstr;

ModelSignature classifier() {
  ModelSignature signature;
  signature.inputs = {{{"x", DataType::kFp32, {-1, 3}}, true, true}, {{"country", DataType::kBytes, {-1}}, true, true}};
  signature.outputs = {{{"label", DataType::kInt64, {-1}}, true, true},
                       {{"score", DataType::kFp32, {-1, 2}}, true, true},
                       {{"name", DataType::kBytes, {-1, 1}}, true, true}};
  signature.is_batchable = true;
  return signature;
}

std::vector<TensorSpec> input_specs(const ModelSignature& signature) {
  std::vector<TensorSpec> specs;
  for (const ModelTensor& input : signature.inputs) specs.push_back(input.spec);
  return specs;
}

BoundContract contract_of(const ModelSignature& signature) {
  const auto specs = input_specs(signature);
  auto bound = BoundContract::bind(derive_contract("derived", specs), specs);
  EXPECT_TRUE(bound);
  return *bound;
}

std::vector<OutputValue> outputs_of(double label, const std::string& name = "a") {
  return {{"label", {label}, {}}, {"score", {0.25, 0.75}, {}}, {"name", {}, {name}}};
}

template <typename T>
std::vector<T> elements(const TensorView& tensor) {
  std::vector<T> values(tensor.data.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

std::string shown(const Status& status) { return status ? "" : status.error().reason + ": " + status.error().message; }

Status added(const ModelTensor& output, const OutputValue& value) {
  ModelSignature signature;
  signature.outputs = {output};
  return PolicyOutputs().add({&value, 1}, signature, "default");
}

TEST(PolicyOutputs, AreMadeForTheRowsOfTheRequest) {
  const ModelSignature signature = classifier();
  PolicyOutputs outputs;
  ASSERT_TRUE(outputs.add(outputs_of(7), signature, "default"));
  ASSERT_TRUE(outputs.add(outputs_of(-1, "b"), signature, "default"));
  PolicyAnswer answer;
  const std::uint32_t choices[] = {0, 1, 0};
  outputs.write(choices, {}, signature, answer);
  ASSERT_EQ(answer.tensors.size(), 3U);
  EXPECT_EQ(answer.tensors[0].name, "label");
  EXPECT_EQ(elements<std::int64_t>(answer.tensors[0]), (std::vector<std::int64_t>{7, -1, 7}));
  EXPECT_THAT(answer.tensors[0].shape, testing::ElementsAre(3));
  EXPECT_EQ(elements<float>(answer.tensors[1]), (std::vector<float>{0.25, 0.75, 0.25, 0.75, 0.25, 0.75}));
  EXPECT_THAT(answer.tensors[1].shape, testing::ElementsAre(3, 2));
  EXPECT_THAT(answer.tensors[2].strings, testing::ElementsAre("a", "b", "a"));

  const std::uint32_t wanted[] = {2, 0};
  outputs.write({choices, 1}, wanted, signature, answer);
  ASSERT_EQ(answer.tensors.size(), 2U);
  EXPECT_EQ(answer.tensors[0].name, "name");
  EXPECT_EQ(answer.tensors[1].name, "label");
  outputs.write({}, wanted, signature, answer);
  EXPECT_THAT(answer.tensors[1].shape, testing::ElementsAre(0));
}

TEST(PolicyOutputs, NameWhatIsMissingOrUnknown) {
  const ModelSignature signature = classifier();
  auto values = outputs_of(1);
  values[0].output = "lable";
  EXPECT_EQ(shown(PolicyOutputs().add(values, signature, "default")),
            R"(policy.unknown_output: default: output "lable" does not exist; the model has label, score, name)");
  values.erase(values.begin());
  EXPECT_EQ(shown(PolicyOutputs().add(values, signature, "default")),
            R"(policy.missing_output: default: no value for output "label"; the model has label, score, name)");
}

TEST(PolicyOutputs, FitTheTypeOfTheOutput) {
  const struct {
    DataType type;
    double good, bad;
  } cases[] = {{DataType::kBool, 1, 2},
               {DataType::kUint8, 255, 256},
               {DataType::kInt8, -128, -129},
               {DataType::kUint16, 65'535, -1},
               {DataType::kInt16, 32'767, 0.5},
               {DataType::kUint32, 4'294'967'295.0, 4'294'967'296.0},
               {DataType::kInt32, -2'147'483'648.0, 2'147'483'648.0},
               {DataType::kInt64, -0x1p63, 0x1p63},
               {DataType::kUint64, 0x1p63, 0x1p64},
               {DataType::kFp16, 65'504, 65'536},
               {DataType::kBf16, 0x1p127, 0x1p128},
               {DataType::kFp32, 3e38, 4e38}};
  for (const auto& [type, good, bad] : cases) {
    const ModelTensor output{{"y", type, {-1}}, true, true};
    EXPECT_EQ(shown(added(output, {"y", {good}, {}})), "") << to_string(type);
    EXPECT_THAT(shown(added(output, {"y", {bad}, {}})), HasSubstr("policy.bad_output: default.y: the output is"))
        << to_string(type);
    EXPECT_THAT(shown(added(output, {"y", {}, {"1"}})), HasSubstr("policy.bad_output")) << to_string(type);
  }
  EXPECT_THAT(shown(added({{"y", DataType::kBytes, {-1}}, true, true}, {"y", {1}, {}})), HasSubstr("is a number"));
}

TEST(PolicyOutputs, FillTheShapeOfARow) {
  const OutputValue two{"y", {1, 2}, {}};
  const OutputValue one{"y", {1}, {}};
  EXPECT_TRUE(added({{"y", DataType::kFp32, {-1, 2}}, true, true}, two));
  EXPECT_TRUE(added({{"y", DataType::kFp32, {2}}, true, false}, two));
  EXPECT_TRUE(added({{"y", DataType::kFp32, {-1, 3, 4}}, true, true}, one));  // fills it
  EXPECT_TRUE(added({{"y", DataType::kFp32, {-1, -1}}, true, true}, two));    // two columns
  EXPECT_FALSE(added({{"y", DataType::kFp32, {-1, -1, -1}}, true, true}, two));
  EXPECT_FALSE(added({{"y", DataType::kFp32, {-1, 3}}, true, true}, two));
  EXPECT_FALSE(added({{"y", DataType::kFp32, {}}, false, false}, one));
  EXPECT_THAT(shown(added({{"y", DataType::kFp32, {-1, 3}}, true, true}, two)),
              HasSubstr("2 values do not fill a row of the shape [3]"));
}

TEST(RowsOf, CountsTheFirstInput) {
  const ModelSignature signature = classifier();
  const std::int64_t wide[] = {5, 3};
  const std::int64_t flat[] = {5};
  const TensorView inputs[] = {{"country", DataType::kBytes, flat, {}, {}}, {"x", DataType::kFp32, wide, {}, {}}};
  EXPECT_EQ(rows_of(signature, inputs), 5U);
  ModelSignature whole;
  whole.inputs = {{{"x", DataType::kFp32, {5, 3}}, true, false}};
  EXPECT_EQ(rows_of(whole, inputs), 1U);
}

class RulesTest : public testing::Test {
 protected:
  std::optional<std::vector<std::uint32_t>> choose(std::vector<FallbackRule> rules) {
    for (FallbackRule& rule : rules) rule.outputs = outputs_of(0);
    auto bound = PolicyRules::bind(rules, signature_, contract_, "rules");
    if (!bound) ADD_FAILURE() << bound.error().message;
    const std::int64_t wide[] = {2, 3};
    const std::int64_t flat[] = {2};
    const float x[] = {1, 2, 3, 4, 5, 6};
    const std::string_view countries[] = {"49", "1"};
    const TensorView inputs[] = {{"country", DataType::kBytes, flat, {}, countries},
                                 {"x", DataType::kFp32, wide, std::as_bytes(std::span(x)), {}}};
    return bound->choose(inputs, 2);
  }
  std::string refusal(FallbackRule rule) {
    rule.outputs = outputs_of(0);
    auto bound = PolicyRules::bind({&rule, 1}, signature_, contract_, "rules");
    return bound ? "" : shown(fail(bound.error()));
  }
  static FallbackRule when(std::string column, RuleComparison comparison, double number) {
    return {std::move(column), comparison, number, {}, {}};
  }
  static FallbackRule otherwise() { return {}; }

  const ModelSignature signature_ = classifier();
  const BoundContract contract_ = contract_of(signature_);
};

TEST_F(RulesTest, TheFirstRuleThatHoldsAnswersTheRow) {
  using enum RuleComparison;
  using Choices = std::vector<std::uint32_t>;
  EXPECT_EQ(choose({when("x[1]", kLess, 3), otherwise()}), (Choices{0, 1}));
  EXPECT_EQ(choose({when("x[1]", kLessOrEqual, 2), otherwise()}), (Choices{0, 1}));
  EXPECT_EQ(choose({when("x[2]", kEqual, 6), otherwise()}), (Choices{1, 0}));
  EXPECT_EQ(choose({when("x[2]", kNotEqual, 6), otherwise()}), (Choices{0, 1}));
  EXPECT_EQ(choose({when("x[0]", kGreater, 4), when("x[0]", kGreaterOrEqual, 4), otherwise()}), (Choices{2, 1}));
  EXPECT_EQ(choose({{"country", kEqual, 0, "1", {}}, otherwise()}), (Choices{1, 0}));
  EXPECT_EQ(choose({when("x[0]", kLess, 100), otherwise()}), (Choices{0, 0}));
}

TEST_F(RulesTest, ARowWithoutARuleHasNoAnswer) {
  EXPECT_EQ(choose({when("x[1]", RuleComparison::kLess, 3)}), std::nullopt);
}

TEST_F(RulesTest, NameTheColumnThatIsNotThereOrDoesNotFit) {
  using enum RuleComparison;
  EXPECT_EQ(refusal(when("x[3]", kLess, 0)),
            R"(policy.unknown_column: rules[0].when: no column "x[3]"; the columns are x[0], x[2], country)");
  EXPECT_THAT(refusal(when("country", kEqual, 49)), HasSubstr("policy.bad_condition"));
  EXPECT_THAT(refusal({"country", kLess, 0, "49", {}}), HasSubstr("compared with equal or notEqual"));
  EXPECT_THAT(refusal({"x[0]", kEqual, 0, "many", {}}), HasSubstr("compare it with a number"));
}

}  // namespace
}  // namespace slipway

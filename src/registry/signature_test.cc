#include "registry/signature.h"

#include <gmock/gmock.h>

#include "data/contract.h"

namespace slipway {
namespace {

using testing::HasSubstr;

const std::vector<GraphInput> kMatrix = {{"X", DataType::kFp32, std::vector<std::int64_t>{-1, 2}}};
const std::vector<GraphInput> kColumns = {{"age", DataType::kInt64, std::vector<std::int64_t>{-1, 1}},
                                          {"state", DataType::kBytes, std::vector<std::int64_t>{-1, 1}}};

Result<std::string> contract(std::string_view json, std::span<const GraphInput> inputs) {
  const auto fields = parse_signature(json);
  if (!fields) return fail(fields.error());
  return contract_of_signature("iris", *fields, inputs);
}

// The fields of the contract, read back by the reader of contracts.
std::vector<ContractField> fields_of(std::string_view json, std::span<const GraphInput> inputs) {
  const auto yaml = contract(json, inputs);
  EXPECT_TRUE(yaml) << yaml.error().message;
  if (!yaml) return {};
  const auto parsed = parse_contract(*yaml);
  EXPECT_TRUE(parsed) << parsed.error().message << '\n' << *yaml;
  return parsed ? parsed->objects.at(0).fields : std::vector<ContractField>{};
}

TEST(Signature, ColumnsOfAMatrixStandInTheirOrder) {
  const auto fields = fields_of(
      R"([{"type":"double","name":"sepal \"length\"","required":true},{"type":"long","name":"count","required":false}])",
      kMatrix);
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[0].name, "sepal \"length\"");
  EXPECT_EQ(fields[0].tensor, "X");
  EXPECT_EQ(fields[0].column, 0U);
  EXPECT_EQ(fields[0].type, LogicalType::kNumber);
  EXPECT_TRUE(fields[0].is_required);
  EXPECT_EQ(fields[1].column, 1U);
  EXPECT_EQ(fields[1].type, LogicalType::kInteger);
  EXPECT_FALSE(fields[1].is_required);
}

TEST(Signature, ColumnsThatTheGraphNamesAreItsInputs) {
  const auto fields = fields_of(R"([{"type":"string","name":"state"},{"type":"long","name":"age"}])", kColumns);
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[0].tensor, "age");
  EXPECT_FALSE(fields[0].column);
  EXPECT_EQ(fields[1].type, LogicalType::kString);
}

TEST(Signature, ATensorWithoutANameIsTheOnlyInput) {
  const auto fields =
      fields_of(R"([{"type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1,2]},"added_later":1}])", kMatrix);
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(fields[0].tensor, "X");
  EXPECT_EQ(fields[0].type, LogicalType::kNumber);
}

TEST(Signature, WhatTheGraphDoesNotTakeIsNamed) {
  const struct {
    std::string_view json;
    std::span<const GraphInput> inputs;
    std::string_view says;
  } kCases[] = {
      {R"([{"type":"tensor","tensor-spec":{"dtype":"float64","shape":[-1,2]}}])", kMatrix, "float64"},
      {R"([{"type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1,3]}}])", kMatrix, "[-1, 3]"},
      {R"([{"type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1]}}])", kMatrix, "[-1, 2]"},
      {R"([{"type":"tensor","name":"Y","tensor-spec":{"dtype":"float32","shape":[-1,2]}}])", kMatrix, "\"X\""},
      {R"([{"type":"double"},{"type":"double"},{"type":"double"}])", kMatrix, "3 columns"},
      {R"([{"type":"string","name":"a"},{"type":"double","name":"b"}])", kMatrix, "FP32"},
      {R"([{"type":"long","name":"age"}])", kColumns, "state"},
      {R"([{"type":"string","name":"age"},{"type":"string","name":"state"}])", kColumns, "INT64"},
      {R"([{"type":"double","name":"age"},{"type":"string","name":"state"}])", kColumns, "INT64"},
  };
  for (const auto& [json, inputs, says] : kCases) {
    const auto refused = contract(json, inputs);
    ASSERT_FALSE(refused) << json;
    EXPECT_EQ(refused.error().reason, "signature.mismatch") << json;
    EXPECT_THAT(refused.error().message, HasSubstr(std::string(says))) << json;
  }
}

TEST(Signature, RefusesWhatIsNone) {
  for (const char* json :
       {"", "{}", "[1]", R"([{"name":"x"}])", R"([{"type":"tensor"}])", R"([{"type":1}])",
        R"([{"type":"tensor","tensor-spec":{"dtype":"float32","shape":[-2]}}])",
        R"([{"type":"tensor","tensor-spec":{"dtype":"float32","shape":[1.5]}}])",
        R"([{"type":"long","required":"yes"}])", R"([{"type":"long","name":"a"},{"type":"long","name":"a"}])"}) {
    const auto refused = parse_signature(json);
    ASSERT_FALSE(refused) << json;
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument) << json;
  }
}

}  // namespace
}  // namespace slipway

#include "score/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::score {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Names = std::vector<std::string>;

ScoredModel model(std::vector<TensorSpec> inputs, bool is_batched = true) {
  return {"m", "1.0.0", std::move(inputs), {{"label", DataType::kInt64, {-1}}}, is_batched};
}

const TensorSpec kMatrix{"X", DataType::kFp32, {-1, 2}};

Result<Plan> plan(const ScoredModel& of, const Names& columns, const Names& mappings = {}, const Names& keep = {},
                  const BoundContract* contract = nullptr, bool holds_lists = true) {
  std::vector<InputMapping> parsed;
  for (const std::string& text : mappings) parsed.push_back(parse_input_mapping(text).value());
  PlanRequest request;
  request.file_columns = columns;
  request.holds_lists = holds_lists;
  request.mappings = parsed;
  request.contract = contract;
  request.keep = keep;
  return make_plan(of, request);
}

Names columns_of(const Plan& plan, std::size_t input = 0) {
  Names names;
  for (const std::size_t column : plan.inputs[input].columns) names.push_back(plan.columns[column]);
  return names;
}

BoundContract contract_of(const ScoredModel& of) {
  Contract contract;
  ContractObject& object = contract.objects.emplace_back();
  object.name = "rows";
  for (std::size_t column = 0; column < 2; ++column) {
    ContractField& field = object.fields.emplace_back();
    field.name = column == 0 ? "age" : "hours";
    field.tensor = "X";
    field.column = column;
  }
  return BoundContract::bind(contract, of.inputs).value();
}

TEST(Plan, AnInputOfOneValueTakesTheColumnOfItsName) {
  const auto made = plan(model({{"a", DataType::kFp32, {-1}}, {"b", DataType::kBytes, {-1, 1}}}), {"b", "c", "a"});
  ASSERT_TRUE(made);
  EXPECT_THAT(columns_of(*made, 0), ElementsAre("a"));
  EXPECT_THAT(columns_of(*made, 1), ElementsAre("b"));
  EXPECT_THAT(made->file_columns, ElementsAre(2, 0));
}

TEST(Plan, TheContractNamesTheColumns) {
  const ScoredModel of = model({kMatrix});
  const BoundContract contract = contract_of(of);
  const auto made = plan(of, {"hours", "id", "age", "X"}, {}, {}, &contract);
  ASSERT_TRUE(made);
  EXPECT_THAT(columns_of(*made), ElementsAre("age", "hours"));
  const auto lacking = plan(of, {"hours", "id", "agee"}, {}, {}, &contract);
  ASSERT_FALSE(lacking);
  EXPECT_EQ(lacking.error().reason, "score.missing_column");
  EXPECT_EQ(lacking.error().message,
            R"(there is no column "age" for the input "X"; the file has hours, id, agee; did you mean "agee"?)");
}

TEST(Plan, NumberedColumnsAndLists) {
  EXPECT_THAT(columns_of(plan(model({kMatrix}), {"X_1", "X_0"}).value()), ElementsAre("X_0", "X_1"));
  EXPECT_THAT(columns_of(plan(model({kMatrix}), {"X[0]", "X[1]", "X"}).value()), ElementsAre("X[0]", "X[1]"));
  const Plan list = plan(model({kMatrix}), {"X"}).value();
  EXPECT_TRUE(list.inputs[0].is_list);
  const auto csv = plan(model({kMatrix}), {"X"}, {}, {}, nullptr, false);
  ASSERT_FALSE(csv);
  EXPECT_EQ(csv.error().reason, "score.bad_mapping");
}

TEST(Plan, TheCallerNamesTheColumns) {
  EXPECT_THAT(columns_of(plan(model({kMatrix}), {"b", "a"}, {"X=a,b"}).value()), ElementsAre("a", "b"));
  EXPECT_THAT(columns_of(plan(model({kMatrix}), {"b", "a"}, {"X=a,a"}).value()), ElementsAre("a", "a"));
  EXPECT_TRUE(plan(model({kMatrix}), {"b"}, {"X=b"}).value().inputs[0].is_list);
  EXPECT_EQ(plan(model({kMatrix}), {"a", "b", "c"}, {"X=a,b,c"}).error().reason, "score.bad_mapping");
  EXPECT_EQ(plan(model({kMatrix}), {"a"}, {"Y=a"}).error().reason, "score.bad_mapping");
  EXPECT_EQ(plan(model({kMatrix}), {"a"}, {"X=a,z"}).error().reason, "score.missing_column");
  const auto none = plan(model({kMatrix}), {"a", "b"});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("give --input X=COLUMN,…"));
  for (const char* text : {"X", "X=", "=a", ""}) EXPECT_FALSE(parse_input_mapping(text)) << text;
}

TEST(Plan, KeptColumns) {
  const ScoredModel of = model({{"a", DataType::kFp32, {-1}}});
  const Plan all = plan(of, {"id", "a"}, {}, {"*"}).value();
  ASSERT_EQ(all.kept.size(), 2u);
  EXPECT_EQ(all.columns[all.kept[0].column], "id");
  EXPECT_EQ(plan(of, {"id", "a"}, {}, {"ID2"}).error().reason, "score.missing_column");
  EXPECT_EQ(plan(of, {"label", "a"}, {}, {"label"}).error().reason, "score.kept_twice");
}

TEST(Plan, RowsOfModelsWithoutABatchAxis) {
  const RowTensor fixed = row_tensor({"X", DataType::kFp32, {1, 16}}, false);
  EXPECT_TRUE(fixed.has_row_axis);
  EXPECT_EQ(fixed.value_count(), 16u);
  const RowTensor vector = row_tensor({"X", DataType::kFp32, {16}}, false);
  EXPECT_FALSE(vector.has_row_axis);
  EXPECT_EQ(vector.value_count(), 16u);
  EXPECT_EQ(row_tensor({"X", DataType::kFp32, {-1, -1}}, true).value_count(), std::nullopt);
}

TEST(Plan, AFileWithoutColumnsNeedsNone) {
  const auto made = plan(model({kMatrix}), {}, {"X=a,b"}, {"id"});
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->file_columns.empty());
}

}  // namespace
}  // namespace slipway::score

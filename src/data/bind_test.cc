#include "data/bind.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "data/test_columns.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::string contract_of_schema(std::string_view schema_body) {
  return "apiVersion: v3.1.0\nkind: DataContract\nid: test\nversion: 1.0.0\nstatus: active\nschema:\n  - name: rows\n" +
         std::string(schema_body);
}

Contract parsed(std::string_view schema_body) {
  Result<Contract> contract = parse_contract(contract_of_schema(schema_body));
  EXPECT_TRUE(contract) << contract.error().message;
  return contract ? *contract : Contract();
}

const TensorSpec kThreeColumns{"features", DataType::kFp32, {-1, 3}};

// age and income by explicit column, the third column unclaimed, the label absent from serving.
constexpr std::string_view kByColumn = R"(
    customProperties: [{property: nan, value: reject}]
    properties:
      - name: income
        logicalType: number
        logicalTypeOptions: {minimum: 0}
        customProperties: [{property: tensor, value: features}, {property: column, value: 1}, {property: severity, value: warn}]
      - name: age
        logicalType: integer
        logicalTypeOptions: {minimum: 0, maximum: 130}
        customProperties: [{property: tensor, value: features}, {property: column, value: 0}]
      - name: label
        logicalType: boolean
        customProperties: [{property: environment, value: train}]
)";

struct Request {
  std::vector<float> values;
  std::vector<std::int64_t> shape;
  TensorView view(std::string_view name = "features") const {
    return {name, DataType::kFp32, shape, std::as_bytes(std::span(values)), {}};
  }
};

BoundContract bound(std::string_view schema_body, std::span<const TensorSpec> inputs) {
  Result<BoundContract> result = BoundContract::bind(parsed(schema_body), inputs);
  if (!result) ADD_FAILURE() << result.error().message;
  return *result;
}

std::string refusal(std::string_view schema_body, std::span<const TensorSpec> inputs, std::string_view reason) {
  const Result<BoundContract> result = BoundContract::bind(parsed(schema_body), inputs);
  if (result) return "bound";
  EXPECT_EQ(result.error().reason, reason);
  EXPECT_EQ(result.error().code, Code::kInvalidArgument);
  return result.error().message;
}

TEST(BoundContract, AcceptsGoodRows) {
  const BoundContract contract = bound(kByColumn, {&kThreeColumns, 1});
  const Request request{{30, 100, -5, 0, 0, 1e30F}, {2, 3}};
  const TensorView view = request.view();
  const Result<Warnings> result = contract.enforce({&view, 1});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->total, 0);
}

TEST(BoundContract, NamesEachViolationByFieldRowValueAndRule) {
  const BoundContract contract = bound(kByColumn, {&kThreeColumns, 1});
  const Request request{{30, 100, 1, -4, 1, kNan, 30.5F, 1, 1}, {3, 3}};
  const TensorView view = request.view();
  const Result<Warnings> result = contract.enforce({&view, 1});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kInvalidArgument);
  EXPECT_EQ(result.error().reason, "contract.violation");
  ASSERT_EQ(result.error().details.size(), 3);
  const auto text = [](const ErrorDetail& detail) {
    return detail.field + "/" + std::to_string(detail.row) + "/" + detail.found + "/" + detail.rule;
  };
  EXPECT_EQ(text(result.error().details[0]), "age/1/-4/minimum 0");
  EXPECT_EQ(text(result.error().details[1]), "features[2]/1/NaN/NaN is rejected");
  EXPECT_EQ(text(result.error().details[2]), "age/2/30.5/integer");
  EXPECT_EQ(result.error().message,
            "3 values break the contract: age in row 1 is -4, accepted: minimum 0; features[2] in row 1 is NaN, "
            "accepted: NaN "
            "is rejected; age in row 2 is 30.5, accepted: integer");
}

TEST(BoundContract, ReportsWarningsWithoutRefusing) {
  const BoundContract contract = bound(kByColumn, {&kThreeColumns, 1});
  const Request request{{30, -100, 1}, {1, 3}};
  const TensorView view = request.view();
  const Result<Warnings> result = contract.enforce({&view, 1});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->total, 1);
  ASSERT_EQ(result->shown.size(), 1);
  EXPECT_EQ(result->shown[0].field, "income");
  EXPECT_EQ(result->shown[0].reason, "contract.out_of_range");
}

TEST(BoundContract, LimitsDetailsAndCountsAll) {
  const BoundContract contract = bound(kByColumn, {&kThreeColumns, 1});
  Request request{std::vector<float>(3000, kNan), {1000, 3}};
  const TensorView view = request.view();
  const Result<Warnings> result = contract.enforce({&view, 1}, 10);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().details.size(), 10);
  EXPECT_THAT(result.error().message,
              testing::StartsWith("2000 values break the contract"));  // income's NaN only warns
  EXPECT_EQ(result.error().details[9].row, 4);
}

TEST(BoundContract, AcceptsAnEmptyBatch) {
  const BoundContract contract = bound(kByColumn, {&kThreeColumns, 1});
  const Request request{{}, {0, 3}};
  const TensorView view = request.view();
  EXPECT_TRUE(contract.enforce({&view, 1}));
}

TEST(BoundContract, RefusesTensorsThatTheModelDoesNotTake) {
  const BoundContract contract = bound(kByColumn, {&kThreeColumns, 1});
  const auto reason = [&](std::vector<TensorView> tensors) {
    const Result<Warnings> result = contract.enforce(tensors);
    return result ? std::string("accepted") : result.error().reason;
  };
  const Request good{{1, 1, 1}, {1, 3}};
  const Request wide{{1, 1, 1, 1}, {1, 4}};
  const Request flat{{1, 1, 1}, {3}};
  const Request negative{{}, {-1, 3}};
  const Request short_of_data{{1, 1, 1}, {2, 3}};
  TensorView other_type = good.view();
  other_type.type = DataType::kInt32;
  EXPECT_EQ(reason({good.view()}), "accepted");
  EXPECT_EQ(reason({}), "contract.missing_input");
  EXPECT_EQ(reason({good.view("feature")}), "contract.missing_input");
  EXPECT_EQ(reason({good.view(), good.view("more")}), "contract.unknown_input");
  EXPECT_EQ(reason({other_type}), "contract.type_mismatch");
  EXPECT_EQ(reason({wide.view()}), "contract.bad_shape");
  EXPECT_EQ(reason({flat.view()}), "contract.bad_shape");
  EXPECT_EQ(reason({negative.view()}), "contract.bad_shape");
  EXPECT_EQ(reason({short_of_data.view()}), "contract.bad_shape");
}

TEST(BoundContract, MapsAPropertyToTheInputOfItsName) {
  const std::vector<TensorSpec> inputs = {{"age", DataType::kInt64, {-1}}, {"city", DataType::kBytes, {-1, 1}}};
  const BoundContract contract = bound(R"(
    properties:
      - name: city
        logicalType: string
        logicalTypeOptions: {maxLength: 3}
      - name: age
        logicalType: integer
        logicalTypeOptions: {minimum: 18}
)",
                                       inputs);
  const std::int64_t ages[] = {18, 17};
  const std::string_view cities[] = {"Ulm", "Köln"};
  const std::int64_t age_shape[] = {2};
  const std::int64_t city_shape[] = {2, 1};
  const std::vector<TensorView> tensors = {{"city", DataType::kBytes, city_shape, {}, cities},
                                           {"age", DataType::kInt64, age_shape, std::as_bytes(std::span(ages)), {}}};
  const Result<Warnings> result = contract.enforce(tensors);
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().details.size(), 2);
  EXPECT_EQ(result.error().details[0].field, "age");
  EXPECT_EQ(result.error().details[0].found, "17");
  EXPECT_EQ(result.error().details[1].field, "city");
  EXPECT_EQ(result.error().details[1].found, "\"Köln\"");
}

TEST(BoundContract, MapsPropertiesToColumnsInOrderIfTheSchemaNamesTheInput) {
  constexpr std::string_view kInOrder = R"(
    customProperties: [{property: tensor, value: features}]
    properties:
      - name: a
      - name: label
        customProperties: [{property: environment, value: train}]
      - name: b
        logicalType: number
        logicalTypeOptions: {maximum: 1}
      - name: c
)";
  const BoundContract contract = bound(kInOrder, {&kThreeColumns, 1});
  const Request request{{9, 2, 9}, {1, 3}};
  const TensorView view = request.view();
  const Result<Warnings> result = contract.enforce({&view, 1});
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().details.size(), 1);
  EXPECT_EQ(result.error().details[0].field, "b");

  const TensorSpec wide{"features", DataType::kFp32, {-1, 4}};
  EXPECT_THAT(refusal(kInOrder, {&wide, 1}, "contract.bad_column"), HasSubstr("lists 3 properties"));
}

TEST(BoundContract, OneFieldCoversEveryValueOfAWideInput) {
  const TensorSpec pixels{"pixels", DataType::kUint8, {-1, 2, -1}};
  const BoundContract contract = bound(R"(
    properties:
      - name: pixels
        logicalType: integer
        logicalTypeOptions: {maximum: 200}
)",
                                       {&pixels, 1});
  std::vector<std::uint8_t> values(2 * 2 * 50, 200);
  values[100 + 37] = 201;
  const std::int64_t shape[] = {2, 2, 50};
  const TensorView view{"pixels", DataType::kUint8, shape, std::as_bytes(std::span(values)), {}};
  const Result<Warnings> result = contract.enforce({&view, 1});
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().details.size(), 1);
  EXPECT_EQ(result.error().details[0].field, "pixels[37]");
  EXPECT_EQ(result.error().details[0].row, 1);
}

TEST(BoundContract, ChecksInputsThatNoFieldNames) {
  const TensorSpec other{"other", DataType::kFp64, {-1, 2}};
  const std::int64_t shape[] = {1, 2};
  const double values[] = {1, std::numeric_limits<double>::infinity()};
  const TensorView view{"other", DataType::kFp64, shape, std::as_bytes(std::span(values)), {}};
  const Result<Warnings> rejected = bound("    properties: []\n", {&other, 1}).enforce({&view, 1});
  ASSERT_FALSE(rejected);
  EXPECT_EQ(rejected.error().details[0].field, "other[1]");
  EXPECT_EQ(rejected.error().details[0].rule, "infinity is rejected");
  const BoundContract lenient = bound("    customProperties: [{property: infinity, value: allow}]\n", {&other, 1});
  EXPECT_TRUE(lenient.enforce({&view, 1}));
}

TEST(BoundContract, FindsAColumnByItsFieldOrByInputAndNumber) {
  const BoundContract contract = bound(kByColumn, {&kThreeColumns, 1});
  const auto income = contract.find_column("income");
  ASSERT_TRUE(income);
  EXPECT_EQ(income->input, "features");
  EXPECT_EQ(income->offset, 1U);
  EXPECT_EQ(income->values_per_row, 3U);
  EXPECT_EQ(contract.find_column("features[2]")->offset, 2U);
  EXPECT_EQ(contract.find_column("features[1]")->offset, 1U);
  EXPECT_FALSE(contract.find_column("features[3]"));
  EXPECT_FALSE(contract.find_column("features"));
  EXPECT_FALSE(contract.find_column("label"));
  EXPECT_THAT(contract.column_names(), ElementsAre("age", "income", "features[2]"));
}

TEST(BoundContract, FindsColumnsOfWholeInputs) {
  const TensorSpec inputs[] = {
      kThreeColumns, {"country", DataType::kBytes, {-1}}, {"image", DataType::kUint8, {-1, 8, 8}}};
  const Result<BoundContract> contract = BoundContract::bind(derive_contract("derived", inputs), inputs);
  ASSERT_TRUE(contract);
  EXPECT_EQ(contract->find_column("features[2]")->offset, 2U);
  EXPECT_EQ(contract->find_column("country")->type, DataType::kBytes);
  EXPECT_FALSE(contract->find_column("image[0]"));
  EXPECT_THAT(contract->column_names(), ElementsAre("features[0]", "features[2]", "country"));
}

TEST(BoundContract, FindsRepeatedRowsWithinABatch) {
  const std::vector<TensorSpec> inputs = {{"id", DataType::kInt64, {-1}}, {"day", DataType::kInt32, {-1}}};
  const BoundContract contract = bound(R"(
    properties:
      - {name: id, primaryKey: true}
      - {name: day, primaryKey: true}
)",
                                       inputs);
  const std::int64_t ids[] = {1, 1, 1};
  const std::int32_t days[] = {1, 2, 1};
  const std::int64_t shape[] = {3};
  const std::vector<TensorView> tensors = {{"id", DataType::kInt64, shape, std::as_bytes(std::span(ids)), {}},
                                           {"day", DataType::kInt32, shape, std::as_bytes(std::span(days)), {}}};
  const Result<Warnings> result = contract.enforce(tensors);
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().details.size(), 1);
  EXPECT_EQ(result.error().details[0].field, "id, day");
  EXPECT_EQ(result.error().details[0].row, 2);
  EXPECT_EQ(result.error().details[0].found, "1, 1");
}

TEST(BoundContract, NamesTheRulesOverColumnsThatAreNoInputs) {
  const std::vector<TensorSpec> inputs = {{"day", DataType::kInt32, {-1}}};
  const BoundContract contract = bound(R"(
    properties:
      - {name: id, primaryKey: true, customProperties: [{property: environment, value: train}]}
      - {name: day, primaryKey: true}
)",
                                       inputs);
  ASSERT_EQ(contract.unchecked_rules().size(), 1U);
  EXPECT_EQ(contract.unchecked_rules()[0],
            "primaryKey over id, day is not checked: \"id\" is not a column of its own here");
  EXPECT_TRUE(bound("    properties: [{name: day, primaryKey: true}]\n", inputs).unchecked_rules().empty());
}

TEST(BoundContract, RefusesFieldsThatDoNotFitTheModel) {
  const TensorSpec features = kThreeColumns;
  const std::span<const TensorSpec> inputs(&features, 1);
  EXPECT_THAT(
      refusal("    properties: [{name: feature}]\n", inputs, "contract.missing_input"),
      HasSubstr("field \"feature\": the model has no input \"feature\"; its inputs are \"features\"; did you mean "
                "\"features\"?"));
  EXPECT_THAT(refusal("    properties: [{name: features, logicalType: string}]\n", inputs, "contract.type_mismatch"),
              HasSubstr("field \"features\": the contract says string, the data is FP32"));
  EXPECT_THAT(
      refusal("    properties: [{name: x, customProperties: [{property: tensor, value: features}, {property: column, "
              "value: 3}]}]\n",
              inputs, "contract.bad_column"),
      HasSubstr("its columns are 0 to 2"));
  EXPECT_THAT(
      refusal("    properties: [{name: x, customProperties: [{property: tensor, value: features}, {property: column, "
              "value: 1}]}, {name: features}]\n",
              inputs, "contract.bad_column"),
      HasSubstr("field \"features\": the field \"x\" already describes"));
  EXPECT_THAT(refusal("    properties: [{name: features, unique: true}]\n", inputs, "contract.unsupported"),
              HasSubstr("uniqueness needs one value a row"));
  const TensorSpec ragged{"features", DataType::kFp32, {-1, -1}};
  EXPECT_THAT(
      refusal("    properties: [{name: x, customProperties: [{property: tensor, value: features}, {property: column, "
              "value: 1}]}]\n",
              {&ragged, 1}, "contract.bad_column"),
      HasSubstr("a fixed number of columns"));
}

TEST(BoundContract, DerivedContractAcceptsWhatTheModelTakes) {
  const std::vector<TensorSpec> inputs = {
      {"x", DataType::kFp32, {-1, 2}}, {"name", DataType::kBytes, {-1}}, {"n", DataType::kInt8, {}}};
  const Result<BoundContract> contract = BoundContract::bind(derive_contract("model", inputs), inputs);
  ASSERT_TRUE(contract) << contract.error().message;
  float values[] = {1, 2};
  const std::string_view names[] = {"a"};
  const std::int8_t number = 3;
  const std::int64_t shape[] = {1, 2};
  const std::int64_t one[] = {1};
  const std::vector<TensorView> tensors = {{"x", DataType::kFp32, shape, std::as_bytes(std::span(values)), {}},
                                           {"name", DataType::kBytes, one, {}, names},
                                           {"n", DataType::kInt8, {}, std::as_bytes(std::span(&number, 1)), {}}};
  EXPECT_TRUE(contract->enforce(tensors));
  values[1] = kNan;
  EXPECT_FALSE(contract->enforce(tensors));
}

// Tensors of the binary extension lie at any offset of the request's body.
TEST(BoundContract, ReadsValuesAtAnyAlignment) {
  const BoundContract contract = bound(kByColumn, {&kThreeColumns, 1});
  std::vector<float> values(3 * 50, 1.0F);
  for (const bool is_bad : {false, true}) {
    if (is_bad) values[3 * 49] = -1;
    std::vector<std::byte> body(values.size() * 4 + 1);
    std::memcpy(body.data() + 1, values.data(), values.size() * 4);
    const std::int64_t shape[] = {50, 3};
    const TensorView view{"features", DataType::kFp32, shape, std::span(body).subspan(1), {}};
    EXPECT_EQ(contract.enforce({&view, 1}).has_value(), !is_bad);
  }
}

}  // namespace
}  // namespace slipway

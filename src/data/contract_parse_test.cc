#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "data/bind.h"
#include "data/contract.h"
#include "data/test_columns.h"
#include "data/yaml_tree.h"

namespace slipway {
namespace {

using testing::HasSubstr;

std::string read_source(const std::string& path) {
  std::ifstream file(std::string(SLIPWAY_SOURCE_DIR) + "/" + path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// The first block ```yaml of the page.
std::string documented_example() {
  const std::string page = read_source("docs/reference/contract.md");
  const std::size_t begin = page.find("```yaml\n") + 8;
  return page.substr(begin, page.find("```", begin) - begin);
}

TEST(ContractParse, ReadsEverySectionOfTheStandard) {
  const Result<Contract> contract = parse_contract(read_source("src/data/testdata/all_sections.odcs.yaml"));
  ASSERT_TRUE(contract) << contract.error().message;
  EXPECT_EQ(contract->id, "7d0c6e3e-4b8b-4a38-9f0c-0d4f3c9f6a11");
  EXPECT_EQ(contract->version, "2.0.1");
  EXPECT_EQ(contract->purpose, "Predict whether a parcel arrives in time");
  ASSERT_EQ(contract->objects.size(), 2);
  const Result<const ContractObject*> object = contract->model_object();
  ASSERT_TRUE(object);
  EXPECT_EQ((*object)->name, "parcels");
  ASSERT_EQ((*object)->fields.size(), 2);
  EXPECT_TRUE((*object)->fields[0].is_required);
  EXPECT_EQ((*object)->fields[0].exclusive_maximum->text(), "31.5");
  EXPECT_EQ((*object)->fields[1].quality[0].unit, Unit::kPercent);
  EXPECT_FALSE((*object)->fields[1].quality[0].environments.in_serve)
      << "a share over a data set says nothing of a request";
}

TEST(ContractParse, NamesWhatIsNotEnforced) {
  const Result<Contract> contract = parse_contract(read_source("src/data/testdata/all_sections.odcs.yaml"));
  ASSERT_TRUE(contract);
  std::vector<std::string> paths;
  for (const ContractNote& note : contract->not_enforced) paths.push_back(note.path);
  EXPECT_THAT(paths, testing::UnorderedElementsAre(
                         "schema[0].relationships", "schema[0].quality[0]", "schema[0].properties[1].relationships",
                         "schema[0].properties[1].quality[0]", "schema[0].properties[1].quality[1]",
                         "schema[0].properties[1].logicalTypeOptions.format", "slaProperties"));
}

TEST(ContractParse, ReportsEveryMistakeAtOnce) {
  const Result<Contract> contract = parse_contract(
      "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1\nstatus: draft\nshema: 1\nschema:\n- name: a\n  "
      "propertys: []\n");
  ASSERT_FALSE(contract);
  ASSERT_EQ(contract.error().details.size(), 2);
  EXPECT_EQ(contract.error().details[0].field, "shema");
  EXPECT_EQ(contract.error().details[1].field, "schema[0].propertys");
  EXPECT_THAT(contract.error().message, HasSubstr("1 more in the details"));
}

TEST(ContractParse, InheritsPoliciesFromTheOutsideIn) {
  const Result<Contract> contract = parse_contract(R"(
apiVersion: v3.1.0
kind: DataContract
id: x
version: 1.0.0
status: active
customProperties: [{property: nan, value: allow}, {property: severity, value: warn}]
schema:
  - name: rows
    customProperties: [{property: infinity, value: allow}]
    properties:
      - name: a
      - name: b
        customProperties: [{property: nan, value: reject}, {property: severity, value: error}]
)");
  ASSERT_TRUE(contract) << contract.error().message;
  const ContractObject& object = contract->objects[0];
  EXPECT_TRUE(object.accepts_nan && object.accepts_infinity);
  EXPECT_TRUE(object.fields[0].accepts_nan && object.fields[0].accepts_infinity);
  EXPECT_EQ(object.fields[0].severity, Severity::kWarn);
  EXPECT_FALSE(object.fields[1].accepts_nan);
  EXPECT_TRUE(object.fields[1].accepts_infinity);
  EXPECT_EQ(object.fields[1].severity, Severity::kError);
}

TEST(ContractParse, NeedsToKnowWhichSchemaIsTheModels) {
  const std::string two =
      "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1\nstatus: draft\nschema: [{name: a}, {name: b}]\n";
  EXPECT_EQ(parse_contract(two)->model_object().error().reason, "contract.no_schema");
  EXPECT_EQ((*parse_contract(two + "customProperties: [{property: modelSchema, value: b}]")->model_object())->name,
            "b");
  EXPECT_FALSE(parse_contract(two + "customProperties: [{property: modelSchema, value: c}]")->model_object());
}

TEST(ContractParse, AliasesStandForWhatTheyName) {
  const Result<Contract> contract = parse_contract(
      contract_of_property("x", "logicalType: number\nlogicalTypeOptions: &range {minimum: 1}\nquality: []\n"));
  ASSERT_TRUE(contract) << contract.error().message;
  const Result<yaml::Document> document = yaml::Document::parse("a: &a [1, 2]\nb: *a\n");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().find("b")->items.size(), 2);
}

TEST(ContractParse, RefusesTextThatIsTooLarge) {
  EXPECT_EQ(parse_contract(std::string((1 << 20) + 1, '#')).error().reason, "contract.too_large");
  EXPECT_EQ(parse_contract("id: \xFF").error().reason, "contract.syntax");
  EXPECT_EQ(parse_contract(std::string_view("id: \0", 5)).error().reason, "contract.syntax");
}

TEST(ContractDocumentation, ExampleParsesAndBinds) {
  const Result<Contract> contract = parse_contract(documented_example());
  ASSERT_TRUE(contract) << contract.error().message;
  const std::vector<TensorSpec> inputs = {{"features", DataType::kFp32, {-1, 3}}, {"state", DataType::kBytes, {-1, 1}}};
  const Result<BoundContract> bound = BoundContract::bind(*contract, inputs);
  ASSERT_TRUE(bound) << bound.error().message;
  const float values[] = {17, 40, 0.5F};
  const std::string_view states[] = {"Texas"};
  const std::int64_t shape[] = {1, 3};
  const std::int64_t column[] = {1, 1};
  const std::vector<TensorView> tensors = {{"features", DataType::kFp32, shape, std::as_bytes(std::span(values)), {}},
                                           {"state", DataType::kBytes, column, {}, states}};
  const Result<Warnings> result = bound->enforce(tensors);
  ASSERT_FALSE(result);
  EXPECT_THAT(read_source("docs/reference/contract.md"), HasSubstr(result.error().message))
      << "the page shows this answer";
}

TEST(ContractText, ShowsFieldsRulesAndWhatIsNotEnforced) {
  const Result<Contract> contract = parse_contract(read_source("src/data/testdata/all_sections.odcs.yaml"));
  ASSERT_TRUE(contract);
  const std::string text = summary_text(*contract);
  EXPECT_THAT(text, HasSubstr("weight_kg: number, required, format f32, minimum 0, exclusiveMaximum 31.5\n"));
  EXPECT_THAT(text, HasSubstr("invalidValues mustBeLessThan 5 percent (AB, CD), train only"));
  EXPECT_THAT(text, HasSubstr("not enforced, line"));
  const std::string json = summary_json(*contract);
  EXPECT_THAT(
      json,
      HasSubstr(
          R"({"name":"weight_kg","type":"number","tensor":"weight_kg","severity":"error","environment":"train, serve","rules":["required",)"));
  EXPECT_THAT(json, HasSubstr(R"("path":"slaProperties")"));
}

}  // namespace
}  // namespace slipway

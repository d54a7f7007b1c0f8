// Runs the tables in testdata/: checks.*.yaml hold a property, values and the expected violations; refusals.*.yaml hold
// contracts that must be refused and where. A case is added by writing it there.
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "data/compiled.h"
#include "data/test_columns.h"
#include "data/yaml_tree.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using yaml::Node;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::vector<fs::path> tables(std::string_view prefix) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(fs::path(SLIPWAY_SOURCE_DIR) / "src/data/testdata")) {
    if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string text_of(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  return node != nullptr ? node->text : std::string();
}

std::vector<std::string> list_of(const Node& map, std::string_view key) {
  std::vector<std::string> items;
  if (const Node* list = map.find(key)) {
    for (const Node* item : list->items) items.push_back(item->kind == Node::Kind::kNull ? "null" : item->text);
  }
  return items;
}

std::string describe(const Violation& violation) {
  std::string text = violation.row >= 0 ? "row " + std::to_string(violation.row) + ": " : "batch: ";
  text += violation.found + ": " + violation.rule;
  return violation.severity == Severity::kWarn ? text + " (warn)" : text;
}

void run_check(const Node& node, DataType type) {
  const std::string yaml = contract_of_property("x", text_of(node, "property"), text_of(node, "schema"));
  const Result<Contract> contract = parse_contract(yaml);
  ASSERT_TRUE(contract) << contract.error().message << "\n" << yaml;
  const Environment environment = text_of(node, "environment") == "serve" ? Environment::kServe : Environment::kTrain;
  const ColumnSpec spec{"x", type, 1};
  const Result<CompiledContract> compiled = CompiledContract::compile(*contract, {&spec, 1}, environment);
  const std::string refused = text_of(node, "refused");
  if (!refused.empty()) {
    ASSERT_FALSE(compiled) << "expected: " << refused;
    EXPECT_THAT(compiled.error().message, testing::HasSubstr(refused));
    EXPECT_THAT(compiled.error().message, testing::HasSubstr("\"x\"")) << "the field is named";
    return;
  }
  ASSERT_TRUE(compiled) << compiled.error().message;
  const TestColumn column(type, list_of(node, "values"));
  const ColumnView view = column.view();
  const Report report = compiled->check({&view, 1});
  std::vector<std::string> found;
  for (const Violation& violation : report.violations) found.push_back(describe(violation));
  EXPECT_EQ(found, list_of(node, "violations"));
  EXPECT_EQ(compiled->passes({&view, 1}), found.empty());
  EXPECT_EQ(report.errors_total + report.warnings_total, found.size());
}

TEST(ContractCases, Checks) {
  const std::vector<fs::path> files = tables("checks.");
  ASSERT_FALSE(files.empty());
  for (const fs::path& path : files) {
    const Result<yaml::Document> document = yaml::Document::parse(read_file(path));
    ASSERT_TRUE(document) << path << ": " << document.error().message;
    for (const Node* node : document->root().items) {
      for (const std::string& name : list_of(*node, "types")) {
        SCOPED_TRACE(path.filename().string() + ", line " + std::to_string(node->position.line) + ", " + name);
        const std::optional<DataType> type = parse_data_type(name);
        ASSERT_TRUE(type);
        run_check(*node, *type);
      }
      EXPECT_NE(node->find("types"), nullptr) << path << ", line " << node->position.line;
    }
  }
}

TEST(ContractCases, Refusals) {
  const std::vector<fs::path> files = tables("refusals.");
  ASSERT_FALSE(files.empty());
  for (const fs::path& path : files) {
    const Result<yaml::Document> document = yaml::Document::parse(read_file(path));
    ASSERT_TRUE(document) << path << ": " << document.error().message;
    for (const Node* node : document->root().items) {
      SCOPED_TRACE(path.filename().string() + ", line " + std::to_string(node->position.line));
      const Result<Contract> contract = parse_contract(text_of(*node, "contract"));
      ASSERT_FALSE(contract) << text_of(*node, "contract");
      EXPECT_EQ(contract.error().reason, text_of(*node, "reason")) << contract.error().message;
      EXPECT_THAT(contract.error().message, testing::StartsWith(text_of(*node, "position")));
      EXPECT_THAT(contract.error().message, testing::HasSubstr(text_of(*node, "says")));
      EXPECT_EQ(contract.error().code, Code::kInvalidArgument);
    }
  }
}

}  // namespace
}  // namespace slipway

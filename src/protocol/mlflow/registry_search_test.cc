// What a real MLflow server answered to searches of its registry (tests/golden/search.json), against ours over the same
// rows: verdicts, rows and their order, in one page and in small ones.
#include "protocol/mlflow/registry_search.h"

#include <gmock/gmock.h>
#include <simdjson.h>

#include "registry/registry_test_case.h"

namespace slipway::mlflow {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

constexpr const char* kGolden = SLIPWAY_SOURCE_DIR "/tests/golden/search.json";
constexpr std::int64_t kMicrosInMilli = 1000;

std::string text(element value) { return std::string(std::string_view(value)); }
std::int64_t micros(element milliseconds) { return std::int64_t(milliseconds) * kMicrosInMilli; }

Status insert_tags(Transaction& t, std::string_view sql, const std::string& owner, element row) {
  array tags;
  if (row["tags"].get(tags) != simdjson::SUCCESS) return {};
  for (const element tag : tags) SLIPWAY_CHECK(t.execute(sql, {owner, text(tag["key"]), text(tag["value"])}));
  return {};
}

Status insert_model(Transaction& t, element model) {
  const std::string name = text(model["name"]);
  SLIPWAY_CHECK(
      t.execute("INSERT INTO models (name, description, created_by, last_number, created_at, updated_at) "
                "VALUES ($1, '', 'ana', 0, $2, $3)",
                {name, micros(model["creation_timestamp"]), micros(model["last_updated_timestamp"])}));
  return insert_tags(t, "INSERT INTO model_tags (model, key, value) VALUES ($1, $2, $3)", name, model);
}

Status insert_version(Transaction& t, element version) {
  const std::string id = text(version["name"]) + '/' + text(version["version"]);
  SLIPWAY_CHECK(t.execute(
      "INSERT INTO registrations (id, model, number, status, message, semver, source, run_id, model_id, run_link, "
      "description, author, stage, is_hidden, claimed_by, claimed_until, created_at, updated_at) "
      "VALUES ($1, $2, $3, 'READY', '', '', $4, $5, '', '', '', 'ana', 'None', 0, '', 0, $6, $7)",
      {id, text(version["name"]), std::int64_t{std::stoi(text(version["version"]))}, text(version["source"]),
       text(version["run_id"]), micros(version["creation_timestamp"]), micros(version["last_updated_timestamp"])}));
  return insert_tags(t, "INSERT INTO version_tags (registration_id, key, value) VALUES ($1, $2, $3)", id, version);
}

// Names in order, or nothing where it is refused.
using Answer = std::optional<std::vector<std::string>>;

Answer expected(element asked) {
  element value;
  if (asked["here"].get(value) != simdjson::SUCCESS && asked["found"].get(value) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (value.is_string()) return std::nullopt;  // "here": "error"
  std::vector<std::string> names;
  for (const element name : array(value)) names.push_back(text(name));
  return names;
}

class RegistrySearchTest : public RegistryTestCase {
 protected:
  void SetUp() override {
    RegistryTestCase::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_EQ(parser_.load(kGolden).get(golden_), simdjson::SUCCESS);
    const Status put = database_->write([&](Transaction& t) -> Status {
      for (const element model : array(golden_["registered_models"]["rows"])) SLIPWAY_CHECK(insert_model(t, model));
      for (const element version : array(golden_["model_versions"]["rows"])) SLIPWAY_CHECK(insert_version(t, version));
      // A prompt, which no list of rows shows.
      SLIPWAY_CHECK(
          t.execute("INSERT INTO models (name, description, created_by, last_number, created_at, updated_at) VALUES "
                    "('greeting', '', 'ana', 0, 1, 1)"));
      SLIPWAY_CHECK(
          t.execute("INSERT INTO model_tags (model, key, value) VALUES "
                    "('greeting', 'mlflow.prompt.is_prompt', 'true')"));
      return {};
    });
    ASSERT_TRUE(put) << put.error().message;
    reader_.grants = {{Role::kViewer, "*"}};
  }

  // All pages of `limit` rows.
  template <typename Search, typename Name>
  Answer ask(element asked, std::size_t limit, Search search, Name name) {
    RegistrySearch wanted{.filter = text(asked["filter"]), .order_by = {}, .limit = limit, .token = ""};
    for (const element order : array(asked["order_by"])) wanted.order_by.push_back(text(order));
    std::vector<std::string> found;
    do {
      const auto page = read([&](Transaction& t) { return search(t, wanted, reader_); });
      if (!page) {
        EXPECT_EQ(page.error().code, Code::kInvalidArgument) << page.error().message;
        return std::nullopt;
      }
      for (const auto& item : page->items) found.push_back(name(item));
      wanted.token = page->next_token;
    } while (!wanted.token.empty());
    return found;
  }

  simdjson::dom::parser parser_;
  element golden_;
  Principal reader_{"reader", "reader", {}};
};
INSTANTIATE_TEST_SUITE_P(Databases, RegistrySearchTest, every_database(), database_name);

TEST_P(RegistrySearchTest, ModelsAreFoundAsMlflowFindsThem) {
  for (const element asked : array(golden_["registered_models"]["cases"])) {
    for (const std::size_t limit : {100, 1}) {
      EXPECT_EQ(ask(asked, limit, search_models, [](const Model& model) { return model.name; }), expected(asked))
          << simdjson::to_string(asked) << " by " << limit;
    }
  }
}

TEST_P(RegistrySearchTest, VersionsAreFoundAsMlflowFindsThem) {
  for (const element asked : array(golden_["model_versions"]["cases"])) {
    for (const std::size_t limit : {100, 1}) {
      EXPECT_EQ(ask(asked, limit, search_versions, [](const Registration& found) { return found.id; }), expected(asked))
          << simdjson::to_string(asked) << " by " << limit;
    }
  }
}

TEST_P(RegistrySearchTest, OnlyWhatMayBeReadIsFound) {
  reader_.grants = {{Role::kViewer, "iris"}, {Role::kDataScientist, "Wine"}};
  RegistrySearch wanted;
  wanted.order_by = {"name"};
  const auto models = read([&](Transaction& t) { return search_models(t, wanted, reader_); });
  ASSERT_TRUE(models) << models.error().message;
  ASSERT_EQ(models->items.size(), 2U);
  EXPECT_EQ(models->items[0].name, "Wine");
  EXPECT_EQ(models->items[1].name, "iris");
}

}  // namespace
}  // namespace slipway::mlflow

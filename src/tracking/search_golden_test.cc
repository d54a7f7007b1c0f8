// What a real MLflow server answered to the searches of tests/golden/search_cases.py (its version is in search.json),
// against ours over the same rows: verdicts, rows and their order, in one page and in small ones.
#include <cmath>
#include <gmock/gmock.h>
#include <limits>
#include <simdjson.h>

#include "registry/transact.h"
#include "storage/testing/database_test_case.h"
#include "tracking/search.h"
#include "tracking/search_entities.h"
#include "tracking/search_sql.h"
#include "tracking/settled_metrics.h"

namespace slipway {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr const char* kGolden = SLIPWAY_SOURCE_DIR "/tests/golden/search.json";

std::string text(element value) { return std::string(std::string_view(value)); }

double number(element value) {
  if (!value.is_string()) return double(value);
  const std::string_view word(value);
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return word == "Infinity" ? std::numeric_limits<double>::max() : std::numeric_limits<double>::lowest();
}

std::vector<std::string> texts(array values) {
  std::vector<std::string> out;
  for (const element value : values) out.push_back(text(value));
  return out;
}

// One row of any table: INSERT INTO `into` VALUES ($1, …).
Status insert(Transaction& t, const std::string& into, const SqlArguments& values) {
  std::string sql = "INSERT INTO " + into + " VALUES (";
  for (std::size_t i = 1; i <= values.size(); ++i) sql.append(i == 1 ? "$" : ", $").append(std::to_string(i));
  SLIPWAY_CHECK(t.execute(sql + ")", values));
  return {};
}

Status insert_metric(Transaction& t, std::int64_t run, std::string_view key, double value) {
  const bool is_nan = std::isnan(value);
  return insert(
      t, "latest_metrics (run, key, step, time, value, is_nan, model_id, dataset_name, dataset_digest)",
      {run, std::string(key), 0, 1, is_nan ? 0.0 : value, is_nan ? 1 : 0, std::string(), std::string(), std::string()});
}

// One golden case asked of us: names in order, or nothing where it is refused.
using Answer = std::optional<std::vector<std::string>>;

class SearchGoldenTest : public DatabaseTestCase {
 protected:
  void SetUp() override {
    DatabaseTestCase::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_EQ(parser_.load(kGolden).get(golden_), simdjson::SUCCESS);
    database_ = open();
  }
  void TearDown() override {
    database_.reset();
    DatabaseTestCase::TearDown();
  }

  void write(const std::function<Status(Transaction&)>& body) {
    const Status status = database_->write(body);
    ASSERT_TRUE(status) << status.error().message;
  }

  // All pages of `limit` rows; `column` names the row.
  Answer ask(const SearchEntity& entity, SearchQuery query, std::size_t column) {
    std::vector<std::string> found;
    std::string token;
    do {
      query.token = token;
      auto page = in_read(*database_, [&](Transaction& t) { return search_page(t, entity, query); });
      if (!page) {
        EXPECT_EQ(page.error().code, Code::kInvalidArgument) << page.error().message;
        return std::nullopt;
      }
      for (const Row& row : page->items) found.push_back(row.text(column));
      token = page->next_token;
    } while (!token.empty());
    return found;
  }

  Answer ask(const SearchEntity& entity, element asked, std::vector<SearchScope> scopes, std::size_t column,
             std::size_t limit, std::int64_t rows_few) {
    SearchQuery query;
    query.rows_few = rows_few;
    auto clauses = parse_search_filter(entity, std::string_view(asked["filter"]));
    const auto orders = parse_search_order(entity, texts(asked["order_by"]));
    if (!clauses || !orders) return std::nullopt;
    query.clauses = *std::move(clauses);
    query.orders = *orders;
    query.scopes = std::move(scopes);
    query.limit = limit;
    return ask(entity, std::move(query), column);
  }

  static Answer expected(element answer) {
    element value;
    if (answer["here"].get(value) != simdjson::SUCCESS && answer["found"].get(value) != simdjson::SUCCESS) {
      return std::nullopt;
    }
    if (value.is_string()) return std::nullopt;  // "here": "error"
    return texts(value);
  }

  simdjson::dom::parser parser_;
  element golden_;
  std::unique_ptr<Database> database_;
};

Status insert_run(Transaction& t, element run, std::int64_t number_of_run) {
  const bool is_deleted = run["deleted"];
  element end = run["end"];
  SLIPWAY_CHECK(insert(t,
                       "runs (number, id, experiment_id, name, user_id, status, start_time, end_time, lifecycle_stage, "
                       "is_settled, created_by)",
                       {number_of_run, text(run["id"]), std::to_string(std::int64_t(run["experiment"])),
                        text(run["name"]), text(run["user"]), text(run["status"]), std::int64_t(run["start"]),
                        end.is_null() ? SqlValue(SqlNull{}) : SqlValue(std::int64_t(end)),
                        is_deleted ? "deleted" : "active", 0, "ana"}));
  for (const auto [key, value] : object(run["params"])) {
    SLIPWAY_CHECK(insert(t, "run_params (run, key, value)", {number_of_run, std::string(key), text(value)}));
  }
  for (const auto [key, value] : object(run["tags"])) {
    SLIPWAY_CHECK(insert(t, "run_tags (run, key, value)", {number_of_run, std::string(key), text(value)}));
  }
  for (const auto [key, value] : object(run["metrics"])) {
    SLIPWAY_CHECK(insert_metric(t, number_of_run, key, number(value)));
  }
  std::int64_t position = 0;
  for (const element dataset : array(run["datasets"])) {
    const std::string experiment = std::to_string(std::int64_t(run["experiment"]));
    const std::string id = experiment + text(dataset.at(0)) + text(dataset.at(1));
    SLIPWAY_CHECK(
        t.execute("INSERT INTO datasets (id, experiment_id, name, digest, source_type, source, schema, "
                  "profile) VALUES ($1, $2, $3, $4, '', '', '', '') ON CONFLICT (id) DO NOTHING",
                  {id, experiment, text(dataset.at(0)), text(dataset.at(1))}));
    SLIPWAY_CHECK(insert(t, "run_datasets (run, dataset_id, position, tags, context)",
                         {number_of_run, id, position++, "[]", text(dataset.at(2))}));
  }
  return {};
}

Status insert_experiment(Transaction& t, const std::string& id, const std::string& name, std::int64_t created_ms,
                         std::int64_t updated_ms, const std::string& stage) {
  return insert(t, "experiments (id, name, artifact_location, lifecycle_stage, created_at, updated_at)",
                {id, name, "mlflow-artifacts:/" + id, stage, created_ms * 1000, updated_ms * 1000});
}

std::vector<SearchScope> run_scopes(element asked) {
  const std::string view = text(asked["view"]);
  std::vector<SearchScope> scopes;
  for (const element experiment : array(asked["experiments"])) {
    for (const std::string stage : {"active", "deleted"}) {
      if ((view == "ACTIVE_ONLY" && stage == "deleted") || (view == "DELETED_ONLY" && stage == "active")) continue;
      scopes.push_back({{"r.experiment_id", std::to_string(std::int64_t(experiment))}, {"r.lifecycle_stage", stage}});
    }
  }
  return scopes;
}

TEST_P(SearchGoldenTest, RunsAreFoundAsMlflowFindsThem) {
  write([&](Transaction& t) -> Status {
    for (const std::string id : {"0", "1"}) SLIPWAY_CHECK(insert_experiment(t, id, "e" + id, 1, 1, "active"));
    std::int64_t run_number = 100;
    for (const element run : array(golden_["runs"]["rows"])) {
      SLIPWAY_CHECK(insert_run(t, run, ++run_number));
      // Others are as if they logged still.
      if (run_number % 3 == 0) SLIPWAY_CHECK(settle_metrics(t, run_number));
    }
    return {};
  });
  for (const element asked : array(golden_["runs"]["cases"])) {
    for (const std::size_t limit : {100, 1, 3}) {
      for (const std::int64_t rows_few : {1000, 0}) {  // each row tried; the plan of a large search
        EXPECT_EQ(ask(run_search_entity(), asked, run_scopes(asked), 3, limit, rows_few), expected(asked))
            << simdjson::to_string(asked) << " by " << limit << (rows_few == 0 ? " of many" : "");
      }
    }
  }
}

TEST_P(SearchGoldenTest, ExperimentsAreFoundAsMlflowFindsThem) {
  write([&](Transaction& t) -> Status {
    for (const element each : array(golden_["experiments"]["rows"])) {
      const std::string id = text(each["experiment_id"]);
      SLIPWAY_CHECK(insert_experiment(t, id, text(each["name"]), std::int64_t(each["creation_time"]),
                                      std::int64_t(each["last_update_time"]), text(each["lifecycle_stage"])));
      array tags;
      if (each["tags"].get(tags) != simdjson::SUCCESS) continue;
      for (const element tag : tags) {
        SLIPWAY_CHECK(
            insert(t, "experiment_tags (experiment_id, key, value)", {id, text(tag["key"]), text(tag["value"])}));
      }
    }
    return {};
  });
  for (const element asked : array(golden_["experiments"]["cases"])) {
    std::vector<SearchScope> scopes;
    for (const std::string stage : {"active", "deleted"}) {
      const std::string view = text(asked["view"]);
      if ((view == "ACTIVE_ONLY" && stage == "deleted") || (view == "DELETED_ONLY" && stage == "active")) continue;
      scopes.push_back({{"e.lifecycle_stage", stage}});
    }
    for (const std::size_t limit : {100, 2}) {
      EXPECT_EQ(ask(experiment_search_entity(), asked, scopes, 1, limit, 1000), expected(asked))
          << simdjson::to_string(asked) << " by " << limit;
    }
  }
}

Status insert_logged_model(Transaction& t, element model, std::string_view run) {
  const element info = model["info"];
  const std::string id = text(info["model_id"]);
  std::string_view type;
  if (info["model_type"].get(type) != simdjson::SUCCESS) type = "";
  SLIPWAY_CHECK(insert(
      t,
      "logged_models (id, experiment_id, name, artifact_uri, status, status_message, model_type, source_run_id, "
      "created_by, lifecycle_stage, created_at, updated_at)",
      {id, "0", text(info["name"]), "", text(info["status"]), "", std::string(type), std::string(run), "", "active",
       std::int64_t(info["creation_timestamp_ms"]) * 1000, std::int64_t(info["last_updated_timestamp_ms"]) * 1000}));
  for (const std::string kind : {"params", "tags"}) {
    for (const auto [key, value] : object(model[kind])) {
      SLIPWAY_CHECK(insert(t, "logged_model_" + kind + " (model_id, key, value)", {id, std::string(key), text(value)}));
    }
  }
  for (const element metric : array(model["metrics"])) {
    SLIPWAY_CHECK(insert(
        t, "logged_model_metrics (model_id, key, dataset_name, dataset_digest, step, value, run_id, time, is_nan)",
        {id, text(metric.at(0)), text(metric.at(1)), text(metric.at(2)), std::int64_t(metric.at(3)),
         number(metric.at(4)), std::string(run), 1, 0}));
  }
  return {};
}

TEST_P(SearchGoldenTest, LoggedModelsAreFoundAsMlflowFindsThem) {
  write([&](Transaction& t) -> Status {
    SLIPWAY_CHECK(insert_experiment(t, "0", "models", 1, 1, "active"));
    for (const element model : array(golden_["logged_models"]["rows"])) {
      SLIPWAY_CHECK(insert_logged_model(t, model, std::string_view(golden_["logged_models"]["run"])));
    }
    return {};
  });
  for (const element asked : array(golden_["logged_models"]["cases"])) {
    LoggedModelSearch search;
    search.experiment_ids = {"0"};
    search.filter = std::string_view(asked["filter"]);
    const auto dataset_of = [](element from, std::string& name, std::string& digest) {
      element value;
      if (from["dataset_name"].get(value) == simdjson::SUCCESS) name = text(value);
      if (from["dataset_digest"].get(value) == simdjson::SUCCESS) digest = text(value);
    };
    for (const element dataset : array(asked["datasets"])) {
      auto& [name, digest] = search.datasets.emplace_back();
      dataset_of(dataset, name, digest);
    }
    for (const element order : array(asked["order_by"])) {
      LoggedModelOrder& made = search.order_by.emplace_back();
      made.field = text(order["field_name"]);
      made.is_ascending = bool(order["ascending"]);
      dataset_of(order, made.dataset_name, made.dataset_digest);
    }
    const auto page = in_read(*database_, [&](Transaction& t) { return search_logged_models(t, search); });
    Answer found;
    if (page) {
      found.emplace();
      for (const LoggedModel& model : page->items) found->push_back(model.name);
    }
    EXPECT_EQ(found, expected(asked)) << simdjson::to_string(asked);
  }
}

INSTANTIATE_TEST_SUITE_P(Databases, SearchGoldenTest, every_database(), database_name);

}  // namespace
}  // namespace slipway

#include "tracking/search.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "base/bytes.h"
#include "tracking/logged_model_store.h"
#include "tracking/row_batch.h"
#include "tracking/rows.h"
#include "tracking/run_store.h"
#include "tracking/search_entities.h"
#include "tracking/search_sql.h"

namespace slipway {
namespace {

constexpr std::size_t kLimitMax = 50'000;
constexpr std::size_t kLoggedModelLimitMax = 10'000;
constexpr std::size_t kExperimentIdsMax = 1000;
constexpr std::size_t kDatasetsMax = 100;
constexpr std::string_view kMetricsPrefix = "metrics.";

Status check_count(std::string_view what, std::size_t count, std::size_t count_max) {
  if (count <= count_max) return {};
  return fail(
      Code::kInvalidArgument, "search.invalid_filter",
      std::string(what) + ": " + std::to_string(count) + " given; accepted are up to " + std::to_string(count_max));
}

std::vector<std::string_view> stages_of(ViewType view) {
  std::vector<std::string_view> stages;
  if (view != ViewType::kDeletedOnly) stages.push_back(to_string(LifecycleStage::kActive));
  if (view != ViewType::kActiveOnly) stages.push_back(to_string(LifecycleStage::kDeleted));
  return stages;
}

// Each once: an id given twice is no second scope.
std::vector<std::string> distinct(std::vector<std::string> ids) {
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

template <typename T, typename Read>
Result<Page<T>> read_page(Page<Row> rows, Read read) {
  Page<T> page;
  page.next_token = std::move(rows.next_token);
  page.items.reserve(rows.items.size());
  for (const Row& row : rows.items) {
    SLIPWAY_TRY(page.items.emplace_back(), read(row));
  }
  return page;
}

Status load_tags(Transaction& t, std::vector<Experiment>& experiments) {
  static const SelectIn kSelect("SELECT experiment_id, key, value FROM experiment_tags WHERE experiment_id IN ", "");
  std::unordered_map<std::string_view, Experiment*> by_id;
  std::vector<SqlValue> ids;
  for (Experiment& each : experiments) {
    by_id.emplace(each.id, &each);
    ids.emplace_back(each.id);
  }
  SLIPWAY_TRY(const std::vector<Row> rows, kSelect.query(t, ids));
  for (const Row& row : rows) by_id.at(row.text(0))->tags.push_back({row.text(1), row.text(2)});
  for (Experiment& each : experiments) std::ranges::sort(each.tags, {}, &KeyValue::key);
  return {};
}

// "m.dataset_name = $1 OR …" over the metrics m of a logged model; its arguments go after those there are. A digest of
// "" is any.
std::string dataset_condition(std::span<const std::pair<std::string, std::string>> datasets, SqlArguments& arguments) {
  const auto argument = [&](const std::string& value) {
    arguments.emplace_back(value);
    return "$" + std::to_string(arguments.size());
  };
  std::string condition;
  for (const auto& [name, digest] : datasets) {
    condition.append(condition.empty() ? "" : " OR ").append("(m.dataset_name = ").append(argument(name));
    if (!digest.empty()) condition.append(" AND m.dataset_digest = ").append(argument(digest));
    condition.append(")");
  }
  return condition.empty() ? "1 = 1" : condition;
}

// The search of logged models, whose metrics may be those of some data sets only: groups made for this search.
class LoggedModelQuery {
 public:
  explicit LoggedModelQuery(const LoggedModelSearch& search) : search_(&search), entity_(logged_model_search_entity()) {
    datasets_ = dataset_condition(search.datasets, query_.arguments);
    for (SearchGroup& group : entity_.groups) {
      if (group.kind == SearchGroupKind::kNumbers) group = logged_model_metrics(datasets_);
    }
  }

  Result<Page<Row>> find(Transaction& t) {
    SLIPWAY_CHECK(check_count("datasets", search_->datasets.size(), kDatasetsMax));
    SLIPWAY_TRY(query_.clauses, parse_search_filter(entity_, search_->filter));
    const bool has_metric = std::ranges::any_of(query_.clauses, [](const SearchClause& clause) {
      return clause.name.group->kind == SearchGroupKind::kNumbers;
    });
    if (!search_->datasets.empty() && !has_metric) {
      entity_.where += " AND EXISTS (SELECT 1 FROM (SELECT m.model_id FROM logged_model_metrics m WHERE " + datasets_ +
                       ") d WHERE d.model_id = m.id)";
    }
    std::vector<SearchOrder> orders;
    for (const LoggedModelOrder& each : search_->order_by) {
      SLIPWAY_TRY(orders.emplace_back(), order(each));
    }
    SLIPWAY_TRY(query_.orders, complete_search_order(entity_, std::move(orders)));
    query_.scopes.clear();
    for (const std::string& id : distinct(search_->experiment_ids)) query_.scopes.push_back({{"m.experiment_id", id}});
    query_.limit = search_->limit;
    query_.limit_max = kLoggedModelLimitMax;
    query_.token = search_->token;
    return search_page(t, entity_, query_);
  }

 private:
  Result<SearchOrder> order(const LoggedModelOrder& wanted) {
    if (wanted.field.starts_with(kMetricsPrefix) && wanted.field.size() > kMetricsPrefix.size()) {
      std::string condition = "(" + datasets_ + ")";
      if (!wanted.dataset_name.empty()) {
        const std::pair<std::string, std::string> dataset{wanted.dataset_name, wanted.dataset_digest};
        condition += " AND (" + dataset_condition(std::span(&dataset, 1), query_.arguments) + ")";
      }
      groups_.push_back(logged_model_metrics(condition));
      return SearchOrder{{&groups_.back(), nullptr, wanted.field.substr(kMetricsPrefix.size())}, wanted.is_ascending};
    }
    for (const SearchField& field : entity_.groups.front().fields) {
      if (std::ranges::find(field.names, wanted.field) == field.names.end()) continue;
      return SearchOrder{{&entity_.groups.front(), &field, {}}, wanted.is_ascending};
    }
    return fail(Code::kInvalidArgument, "search.invalid_order",
                "order_by: found " + quoted(wanted.field) +
                    "; expected an attribute, such as creation_timestamp, or metrics.KEY");
  }

  const LoggedModelSearch* search_;
  SearchEntity entity_;
  SearchQuery query_;
  std::string datasets_;
  std::deque<SearchGroup> groups_;  // orders point into it
};

}  // namespace

Result<Page<Run>> search_runs(Transaction& t, const RunSearch& search) {
  SLIPWAY_CHECK(check_count("experiment_ids", search.experiment_ids.size(), kExperimentIdsMax));
  SearchRequest request;
  request.filter = search.filter;
  request.order_by = search.order_by;
  request.limit = search.limit;
  request.limit_max = kLimitMax;
  request.token = search.token;
  request.scopes.clear();
  for (const std::string& id : distinct(search.experiment_ids)) {
    for (const std::string_view stage : stages_of(search.view)) {
      request.scopes.push_back({{"r.experiment_id", id}, {"r.lifecycle_stage", std::string(stage)}});
    }
  }
  SLIPWAY_TRY(Page<Row> rows, search_page(t, run_search_entity(), request));
  SLIPWAY_TRY(Page<Run> page, read_page<Run>(std::move(rows), [](const Row& row) -> Result<Run> {
                Run run;
                SLIPWAY_TRY(run.info, read_run_info(row));
                return run;
              }));
  SLIPWAY_CHECK(RunStore().load_data(t, page.items));
  return page;
}

Result<Page<Experiment>> search_experiments(Transaction& t, const ExperimentSearch& search) {
  SearchRequest request;
  request.filter = search.filter;
  request.order_by = search.order_by;
  request.limit = search.limit;
  request.limit_max = kLimitMax;
  request.token = search.token;
  request.scopes.clear();
  for (const std::string_view stage : stages_of(search.view)) {
    request.scopes.push_back({{"e.lifecycle_stage", std::string(stage)}});
  }
  SLIPWAY_TRY(Page<Row> rows, search_page(t, experiment_search_entity(), request));
  SLIPWAY_TRY(Page<Experiment> page, read_page<Experiment>(std::move(rows), read_experiment));
  SLIPWAY_CHECK(load_tags(t, page.items));
  return page;
}

Result<Page<LoggedModel>> search_logged_models(Transaction& t, const LoggedModelSearch& search) {
  SLIPWAY_CHECK(check_count("experiment_ids", search.experiment_ids.size(), kExperimentIdsMax));
  SLIPWAY_TRY(Page<Row> rows, LoggedModelQuery(search).find(t));
  SLIPWAY_TRY(Page<LoggedModel> page, read_page<LoggedModel>(std::move(rows), read_logged_model));
  SLIPWAY_CHECK(LoggedModelStore().load_data(t, page.items));
  return page;
}

}  // namespace slipway

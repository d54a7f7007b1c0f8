#include "tracking/search_entities.h"

#include "tracking/rows.h"

namespace slipway {
namespace {

using Kind = SearchGroupKind;

SearchField text_field(std::vector<std::string> names, std::string column) {
  SearchField field;
  field.names = std::move(names);
  field.column = std::move(column);
  return field;
}

SearchField integer_field(std::vector<std::string> names, std::string column) {
  SearchField field = text_field(std::move(names), std::move(column));
  field.type = SearchType::kInteger;
  return field;
}

// Kept in microseconds, searched in milliseconds.
SearchField time_field(std::vector<std::string> names, const std::string& column) {
  SearchField field = integer_field(std::move(names), column + " / 1000");
  field.order_column = column;
  return field;
}

SearchGroup group(std::vector<std::string> names, Kind kind, std::string from, std::string owner) {
  return {std::move(names), kind, std::move(from), std::move(owner), {}};
}

SearchGroup attributes(std::vector<SearchField> fields) {
  return {{"attributes", "attribute", "attr", "run"}, Kind::kAttributes, "", "", std::move(fields)};
}

SearchEntity make_run_entity() {
  SearchField end_time = integer_field({"end_time"}, "r.end_time");
  end_time.is_nullable = true;
  SearchGroup dataset =
      group({"dataset", "datasets"}, Kind::kRelated, "run_datasets x JOIN datasets d ON d.id = x.dataset_id", "x.run");
  dataset.fields = {text_field({"name"}, "d.name"), text_field({"digest"}, "d.digest"),
                    text_field({"context"}, "NULLIF(x.context, '')")};
  SearchGroup metrics = group({"metrics", "metric"}, Kind::kNumbers, "latest_metrics x", "x.run");
  metrics.by_value = {{"settled_metrics x", "r.is_settled = 1"},
                      {"runs u JOIN latest_metrics x ON x.run = u.number AND u.is_settled = 0", ""}};
  SearchGroup params = group({"params", "param", "parameters", "parameter"}, Kind::kTexts, "run_params x", "x.run");
  params.by_value = {{"run_params x", ""}};
  SearchGroup tags = group({"tags", "tag"}, Kind::kTexts, "run_tags x", "x.run");
  tags.by_value = {{"run_tags x", ""}};
  SearchEntity entity;
  entity.list = "runs";
  entity.from = "runs r";
  entity.key = "r.number";
  entity.columns = kRunInfoColumns;
  entity.columns_from = "runs r JOIN experiments e ON e.id = r.experiment_id";
  entity.groups = {
      attributes({text_field({"run_id"}, "r.id"),
                  text_field({"run_name", "Run name", "run name", "Run Name"}, "r.name"),
                  text_field({"user_id"}, "r.user_id"), text_field({"status"}, "r.status"),
                  text_field({"artifact_uri"},
                             "((SELECT e.artifact_location FROM experiments e WHERE e.id = r.experiment_id) || '/' || "
                             "r.id || '/artifacts')"),
                  integer_field({"start_time", "created", "Created"}, "r.start_time"), end_time}),
      metrics,
      params,
      tags,
      dataset,
  };
  entity.last_order = {{"start_time", false}, {"run_id", true}};
  return entity;
}

SearchEntity make_experiment_entity() {
  SearchField id = text_field({"experiment_id"}, "e.id");
  id.is_ordered = false;
  SearchField number = integer_field({"experiment_id"}, "CAST(e.id AS BIGINT)");
  number.is_filtered = false;
  SearchEntity entity;
  entity.list = "experiments";
  entity.from = "experiments e";
  entity.key = "e.id";
  entity.columns = kExperimentColumns;
  entity.groups = {
      attributes({text_field({"name"}, "e.name"), id, number, time_field({"creation_time"}, "e.created_at"),
                  time_field({"last_update_time"}, "e.updated_at")}),
      group({"tags", "tag"}, Kind::kTexts, "experiment_tags x", "x.experiment_id"),
  };
  entity.default_order = {{"creation_time", false}, {"experiment_id", true}};
  entity.last_order = {{"experiment_id", false}};
  return entity;
}

SearchEntity make_logged_model_entity() {
  SearchField status =
      text_field({"status"},
                 "(CASE m.status WHEN 'LOGGED_MODEL_READY' THEN 'READY' WHEN 'LOGGED_MODEL_PENDING' THEN 'PENDING' "
                 "ELSE 'FAILED' END)");
  // In the order of a model's life.
  status.order_column =
      "(CASE m.status WHEN 'LOGGED_MODEL_PENDING' THEN '1' WHEN 'LOGGED_MODEL_READY' THEN '2' ELSE '3' END)";
  SearchEntity entity;
  entity.list = "logged_models";
  entity.from = "logged_models m";
  entity.key = "m.id";
  entity.where = "m.lifecycle_stage = 'active'";
  entity.columns = kLoggedModelColumns;
  entity.groups = {
      attributes(
          {text_field({"model_id"}, "m.id"), text_field({"name"}, "m.name"), text_field({"model_type"}, "m.model_type"),
           text_field({"source_run_id"}, "m.source_run_id"), status,
           time_field({"creation_timestamp", "creation_time", "creation_timestamp_ms"}, "m.created_at"),
           time_field({"last_updated_timestamp", "last_updated_time", "last_updated_timestamp_ms"}, "m.updated_at")}),
      logged_model_metrics("1 = 1"),
      group({"params", "param", "parameters", "parameter"}, Kind::kTexts, "logged_model_params x", "x.model_id"),
      group({"tags", "tag"}, Kind::kTexts, "logged_model_tags x", "x.model_id"),
  };
  entity.last_order = {{"creation_timestamp", false}, {"model_id", true}};
  return entity;
}

}  // namespace

const SearchEntity& run_search_entity() {
  static const SearchEntity entity = make_run_entity();
  return entity;
}

const SearchEntity& experiment_search_entity() {
  static const SearchEntity entity = make_experiment_entity();
  return entity;
}

const SearchEntity& logged_model_search_entity() {
  static const SearchEntity entity = make_logged_model_entity();
  return entity;
}

SearchGroup logged_model_metrics(const std::string& condition) {
  const std::string newest = "(SELECT m.* FROM logged_model_metrics m WHERE (" + condition +
                             ") AND NOT EXISTS (SELECT 1 FROM (SELECT * FROM logged_model_metrics m WHERE " +
                             condition +
                             ") n WHERE n.model_id = m.model_id AND n.key = m.key AND "
                             "(n.step, n.time, n.value, n.dataset_name, n.dataset_digest) > "
                             "(m.step, m.time, m.value, m.dataset_name, m.dataset_digest))) x";
  return group({"metrics", "metric"}, Kind::kNumbers, newest, "x.model_id");
}

}  // namespace slipway

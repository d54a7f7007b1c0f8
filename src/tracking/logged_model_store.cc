#include "tracking/logged_model_store.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "registry/model_rows.h"
#include "tracking/experiment_store.h"
#include "tracking/fold.h"
#include "tracking/limits.h"
#include "tracking/naming.h"
#include "tracking/row_batch.h"
#include "tracking/rows.h"
#include "tracking/write_once.h"

namespace slipway {
namespace {

constexpr std::size_t kModelTypeCharactersMax = 500;

// Also a deleted one: what is still known of it may be added.
Result<LoggedModel> find(Transaction& t, std::string_view id) {
  static const std::string kSql = select(kLoggedModelColumns, "FROM logged_models m WHERE m.id = $1");
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(id)}));
  if (rows.empty()) return no_logged_model(id);
  return read_logged_model(rows.front());
}

Status check_new(const NewLoggedModel& model) {
  if (!model.name.empty()) SLIPWAY_CHECK(check_logged_model_name(model.name));
  SLIPWAY_CHECK(check_length("model_type", model.model_type, kModelTypeCharactersMax));
  return model.source_run_id.empty() ? Status{} : check_run_id(model.source_run_id);
}

Status put_params(Transaction& t, const std::string& id, std::span<const KeyValue> params) {
  static const WriteOnceParams kParams("logged_model_params", "model_id");
  for (const KeyValue& param : params) SLIPWAY_CHECK(check_param(param, ""));
  SLIPWAY_CHECK(check_unique(params));
  return kParams.put(t, id, "model ID='" + id + "'", params);
}

Status put_tags(Transaction& t, const std::string& id, std::span<const KeyValue> tags) {
  static const InsertRows kInsert("INSERT INTO logged_model_tags (model_id, key, value) VALUES ", 1, 2,
                                  " ON CONFLICT (model_id, key) DO UPDATE SET value = excluded.value");
  std::vector<SqlValue> values;
  for (const KeyValue* tag : last_of_each(tags)) {
    SLIPWAY_CHECK(check_run_tag(*tag, ""));
    values.emplace_back(tag->key);
    values.emplace_back(std::string(cut(tag->value, kRunTagValueCharactersMax)));
  }
  SLIPWAY_CHECK(kInsert.put(t, {id}, std::move(values)));
  return {};
}

}  // namespace

tl::unexpected<Error> no_logged_model(std::string_view id) {
  return fail(Code::kNotFound, "logged_model.not_found", "Logged model with ID '" + std::string(id) + "' not found.");
}

Result<LoggedModel> LoggedModelStore::create(Transaction& t, const NewLoggedModel& wanted) const {
  SLIPWAY_CHECK(check_new(wanted));
  SLIPWAY_TRY(const Experiment experiment, ExperimentStore(*clock_, *random_).get(t, wanted.experiment_id));
  SLIPWAY_CHECK(check_active(experiment));
  const std::string id = "m-" + make_hex_id(*clock_, *random_);
  SLIPWAY_CHECK(
      t.execute("INSERT INTO logged_models (id, experiment_id, name, artifact_uri, status, status_message, model_type, "
                "source_run_id, created_by, lifecycle_stage, created_at, updated_at) "
                "VALUES ($1, $2, $3, $4, 'LOGGED_MODEL_PENDING', '', $5, $6, $7, 'active', $8, $8)",
                {id, experiment.id, wanted.name.empty() ? make_run_name(*random_) : wanted.name,
                 artifact_uri(experiment.artifact_location, {"models", id, "artifacts"}), wanted.model_type,
                 wanted.source_run_id, wanted.principal, micros_since_1970(clock_->now())}));
  SLIPWAY_CHECK(put_params(t, id, wanted.params));
  SLIPWAY_CHECK(put_tags(t, id, wanted.tags));
  return get(t, id);
}

Result<LoggedModel> LoggedModelStore::get(Transaction& t, std::string_view id) const {
  std::vector<LoggedModel> models(1);
  SLIPWAY_TRY(models.front(), find(t, id));
  if (models.front().stage == LifecycleStage::kDeleted) return no_logged_model(id);
  SLIPWAY_CHECK(load_data(t, models));
  return std::move(models.front());
}

Result<LoggedModel> LoggedModelStore::finalize(Transaction& t, std::string_view id, LoggedModelStatus status) const {
  SLIPWAY_TRY(const LoggedModel before, find(t, id));
  SLIPWAY_CHECK(t.execute("UPDATE logged_models SET status = $2, updated_at = $3 WHERE id = $1",
                          {before.id, std::string(to_string(status)), micros_since_1970(clock_->now())}));
  return get(t, id);
}

Status LoggedModelStore::remove(Transaction& t, std::string_view id) const {
  SLIPWAY_TRY(const LoggedModel model, find(t, id));
  SLIPWAY_CHECK(
      t.execute("UPDATE logged_models SET lifecycle_stage = 'deleted', updated_at = $2 "
                "WHERE id = $1 AND lifecycle_stage = 'active'",
                {model.id, micros_since_1970(clock_->now())}));
  return {};
}

Status LoggedModelStore::set_tags(Transaction& t, std::string_view id, const std::vector<KeyValue>& tags) const {
  SLIPWAY_TRY(const LoggedModel model, find(t, id));
  return put_tags(t, model.id, tags);
}

Status LoggedModelStore::delete_tag(Transaction& t, std::string_view id, std::string_view key) const {
  SLIPWAY_TRY(const LoggedModel model, find(t, id));
  SLIPWAY_TRY(const std::int64_t removed, t.execute("DELETE FROM logged_model_tags WHERE model_id = $1 AND key = $2",
                                                    {model.id, std::string(key)}));
  if (removed > 0) return {};
  return fail(Code::kNotFound, "tag.not_found",
              "No tag with key '" + std::string(key) + "' found for model with ID '" + model.id + "'.");
}

Status LoggedModelStore::log_params(Transaction& t, std::string_view id, const std::vector<KeyValue>& params) const {
  SLIPWAY_TRY(const LoggedModel model, find(t, id));
  return put_params(t, model.id, params);
}

Status LoggedModelStore::load_data(Transaction& t, std::vector<LoggedModel>& models) const {
  static const SelectIn kTags("SELECT model_id, key, value FROM logged_model_tags WHERE model_id IN ", "");
  static const SelectIn kParams("SELECT model_id, key, value FROM logged_model_params WHERE model_id IN ", "");
  static const SelectIn kMetrics(
      "SELECT model_id, run_id, " + std::string(kPointColumns) + " FROM logged_model_metrics WHERE model_id IN ", "");
  if (models.empty()) return {};
  std::unordered_map<std::string, LoggedModel*> by_id;
  std::vector<SqlValue> ids;
  for (LoggedModel& model : models) {
    if (by_id.emplace(model.id, &model).second) ids.emplace_back(model.id);
  }
  SLIPWAY_TRY(const std::vector<Row> tags, kTags.query(t, ids));
  for (const Row& row : tags) by_id.at(row.text(0))->tags.push_back({row.text(1), row.text(2)});
  SLIPWAY_TRY(const std::vector<Row> params, kParams.query(t, ids));
  for (const Row& row : params) by_id.at(row.text(0))->params.push_back({row.text(1), row.text(2)});
  SLIPWAY_TRY(const std::vector<Row> metrics, kMetrics.query(t, ids));
  for (const Row& row : metrics) {
    Metric& metric = by_id.at(row.text(0))->metrics.emplace_back(read_point(row, 2));
    metric.run_id = row.text(1);
  }
  for (LoggedModel& model : models) {
    std::ranges::sort(model.tags, {}, &KeyValue::key);
    std::ranges::sort(model.params, {}, &KeyValue::key);
    std::ranges::sort(model.metrics, {}, [](const Metric& metric) {
      return std::tie(metric.key, metric.dataset_name, metric.dataset_digest);
    });
  }
  return {};
}

}  // namespace slipway

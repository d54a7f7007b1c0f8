#include "tracking/experiment_store.h"

#include "registry/model_rows.h"
#include "tracking/fold.h"
#include "tracking/limits.h"
#include "tracking/naming.h"
#include "tracking/row_batch.h"
#include "tracking/rows.h"

namespace slipway {
namespace {

constexpr std::string_view kDefaultExperimentName = "Default";

Result<Experiment> read_with_tags(Transaction& t, const std::vector<Row>& rows) {
  SLIPWAY_TRY(Experiment experiment, read_experiment(rows.front()));
  SLIPWAY_TRY(const std::vector<Row> tags,
              t.query("SELECT key, value FROM experiment_tags WHERE experiment_id = $1 ORDER BY key", {experiment.id}));
  for (const Row& tag : tags) experiment.tags.push_back({tag.text(0), tag.text(1)});
  return experiment;
}

// `id`: the experiment that may have the name itself.
Status check_name_is_free(Transaction& t, std::string_view name, std::string_view id) {
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT id, lifecycle_stage FROM experiments WHERE name = $1", {std::string(name)}));
  if (rows.empty() || rows[0].text(0) == id) return {};
  const bool is_deleted = rows[0].text(1) != to_string(LifecycleStage::kActive);
  return fail(Code::kAlreadyExists, "experiment.taken",
              "Experiment(name=" + std::string(name) + ") already exists." +
                  (is_deleted ? " It is deleted: restore experiment " + rows[0].text(0) + " to use it again." : ""));
}

std::string default_location(std::string_view id) { return "mlflow-artifacts:/" + std::string(id); }

}  // namespace

tl::unexpected<Error> no_experiment(std::string_view id) {
  return fail(Code::kNotFound, "experiment.not_found", "No Experiment with id=" + std::string(id) + " exists");
}

Status check_active(const Experiment& experiment) {
  if (experiment.stage == LifecycleStage::kActive) return {};
  return fail(Code::kInvalidArgument, "experiment.deleted",
              "The experiment " + experiment.id + " must be in the 'active' state. Current state is deleted.");
}

Status ExperimentStore::insert(Transaction& t, std::string_view id, std::string_view name,
                               std::string_view artifact_location, const std::vector<KeyValue>& tags) const {
  static const InsertRows kInsertTags("INSERT INTO experiment_tags (experiment_id, key, value) VALUES ", 1, 2,
                                      " ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value");
  const std::string location = artifact_location.empty() ? default_location(id) : std::string(artifact_location);
  SLIPWAY_CHECK(
      t.execute("INSERT INTO experiments (id, name, artifact_location, lifecycle_stage, created_at, updated_at) "
                "VALUES ($1, $2, $3, 'active', $4, $4)",
                {std::string(id), std::string(name), location, micros_since_1970(clock_->now())}));
  std::vector<SqlValue> values;
  for (const KeyValue* tag : last_of_each(tags)) values.insert(values.end(), {tag->key, tag->value});
  SLIPWAY_CHECK(kInsertTags.put(t, {std::string(id)}, std::move(values)));
  return {};
}

Status ExperimentStore::ensure_default(Transaction& t) const {
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT 1 FROM experiments WHERE id = $1", {std::string(kDefaultExperimentId)}));
  return rows.empty() ? insert(t, kDefaultExperimentId, kDefaultExperimentName, "", {}) : Status{};
}

Result<Experiment> ExperimentStore::create(Transaction& t, std::string_view name, std::string_view artifact_location,
                                           const std::vector<KeyValue>& tags) const {
  SLIPWAY_CHECK(check_experiment_name(name));
  SLIPWAY_CHECK(check_length("artifact_location", artifact_location, kArtifactLocationCharactersMax));
  for (const KeyValue& tag : tags) SLIPWAY_CHECK(check_experiment_tag(tag, ""));
  SLIPWAY_CHECK(check_name_is_free(t, name, ""));
  const std::string id = std::to_string(make_number(*clock_, *random_));
  SLIPWAY_CHECK(insert(t, id, name, artifact_location, tags));
  return get(t, id);
}

Result<Experiment> ExperimentStore::get(Transaction& t, std::string_view id) const {
  static const std::string kSql = select(kExperimentColumns, "FROM experiments e WHERE e.id = $1");
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(id)}));
  if (rows.empty()) return no_experiment(id);
  return read_with_tags(t, rows);
}

Result<Experiment> ExperimentStore::get_by_name(Transaction& t, std::string_view name) const {
  static const std::string kSql = select(kExperimentColumns, "FROM experiments e WHERE e.name = $1");
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(name)}));
  if (rows.empty()) {
    return fail(Code::kNotFound, "experiment.not_found",
                "Could not find experiment with name '" + std::string(name) + "'");
  }
  return read_with_tags(t, rows);
}

Status ExperimentStore::rename(Transaction& t, std::string_view id, std::string_view name) const {
  SLIPWAY_CHECK(check_experiment_name(name));
  SLIPWAY_TRY(const Experiment experiment, get(t, id));
  if (experiment.stage == LifecycleStage::kDeleted) {
    return fail(Code::kFailedPrecondition, "experiment.deleted", "Cannot rename a non-active experiment.");
  }
  SLIPWAY_CHECK(check_name_is_free(t, name, id));
  SLIPWAY_CHECK(t.execute("UPDATE experiments SET name = $2, updated_at = $3 WHERE id = $1",
                          {std::string(id), std::string(name), micros_since_1970(clock_->now())}));
  return {};
}

Status ExperimentStore::remove(Transaction& t, std::string_view id) const {
  const std::int64_t now = micros_since_1970(clock_->now());
  SLIPWAY_TRY(const std::int64_t removed,
              t.execute("UPDATE experiments SET lifecycle_stage = 'deleted', updated_at = $2 "
                        "WHERE id = $1 AND lifecycle_stage = 'active'",
                        {std::string(id), now}));
  if (removed == 0) return no_experiment(id);
  SLIPWAY_CHECK(
      t.execute("UPDATE runs SET lifecycle_stage = 'deleted', deleted_at = $2 "
                "WHERE experiment_id = $1 AND lifecycle_stage = 'active'",
                {std::string(id), now}));
  return {};
}

Status ExperimentStore::restore(Transaction& t, std::string_view id) const {
  // A deleted experiment is not changed, so updated_at is when it was removed, and its runs with it.
  SLIPWAY_CHECK(
      t.execute("UPDATE runs SET lifecycle_stage = 'active', deleted_at = NULL "
                "WHERE experiment_id = $1 AND lifecycle_stage = 'deleted' AND deleted_at = "
                "(SELECT updated_at FROM experiments WHERE id = $1 AND lifecycle_stage = 'deleted')",
                {std::string(id)}));
  SLIPWAY_TRY(const std::int64_t restored,
              t.execute("UPDATE experiments SET lifecycle_stage = 'active', updated_at = $2 "
                        "WHERE id = $1 AND lifecycle_stage = 'deleted'",
                        {std::string(id), micros_since_1970(clock_->now())}));
  return restored == 0 ? Status(no_experiment(id)) : Status{};
}

Status ExperimentStore::set_tag(Transaction& t, std::string_view id, const KeyValue& tag) const {
  SLIPWAY_CHECK(check_experiment_tag(tag, ""));
  SLIPWAY_TRY(const Experiment experiment, get(t, id));
  SLIPWAY_CHECK(check_active(experiment));
  SLIPWAY_CHECK(
      t.execute("INSERT INTO experiment_tags (experiment_id, key, value) VALUES ($1, $2, $3) "
                "ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value",
                {std::string(id), tag.key, tag.value}));
  return {};
}

Status ExperimentStore::delete_tag(Transaction& t, std::string_view id, std::string_view key) const {
  SLIPWAY_TRY(const Experiment experiment, get(t, id));
  SLIPWAY_CHECK(check_active(experiment));
  SLIPWAY_TRY(const std::int64_t removed, t.execute("DELETE FROM experiment_tags WHERE experiment_id = $1 AND key = $2",
                                                    {std::string(id), std::string(key)}));
  if (removed > 0) return {};
  return fail(Code::kNotFound, "tag.not_found",
              "No tag with name: " + std::string(key) + " in experiment with id " + std::string(id));
}

}  // namespace slipway

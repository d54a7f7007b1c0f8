#include "tracking/run_store.h"

#include "lineage/report.h"
#include "outbox/outbox.h"
#include "registry/model_rows.h"
#include "tracking/experiment_store.h"
#include "tracking/limits.h"
#include "tracking/naming.h"
#include "tracking/row_batch.h"
#include "tracking/rows.h"
#include "tracking/run_key.h"
#include "tracking/run_tags.h"
#include "tracking/settled_metrics.h"

namespace slipway {
namespace {

constexpr std::size_t kUserIdCharactersMax = 256;

// The name that a run is to have, and the tag that says so added where the client sent none.
Result<std::string> settle_name(const NewRun& run, std::vector<KeyValue>& tags, Random& random) {
  const std::string tagged = run_name_of(tags);
  if (!run.name.empty() && !tagged.empty() && run.name != tagged) {
    return fail(
        Code::kInvalidArgument, "tracking.invalid",
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='" +
            run.name + "', mlflow.runName='" + tagged + "').");
  }
  std::string name = !run.name.empty() ? run.name : !tagged.empty() ? tagged : make_run_name(random);
  if (tagged.empty()) tags.push_back({std::string(kRunNameTag), name});
  return std::string(cut(name, kRunNameCharactersMax));
}

Result<Experiment> active_experiment(Transaction& t, const std::string& experiment_id) {
  static const std::string kSql = select(kExperimentColumns, "FROM experiments e WHERE e.id = $1");
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {experiment_id}));
  if (rows.empty()) return no_experiment(experiment_id);
  SLIPWAY_TRY(Experiment experiment, read_experiment(rows.front()));
  SLIPWAY_CHECK(check_active(experiment));
  return experiment;
}

bool has_ended(RunStatus status) { return status != RunStatus::kRunning && status != RunStatus::kScheduled; }

RunEventType end_event(RunStatus status) {
  if (status == RunStatus::kFailed) return RunEventType::kFail;
  return status == RunStatus::kKilled ? RunEventType::kAbort : RunEventType::kComplete;
}

// Told once: a client that asks again finds a run that has ended.
Status report_end(Transaction& t, const RunInfo& run, WallTime when) {
  SLIPWAY_TRY(const bool is_heard, has_openlineage(t));
  if (!is_heard) return {};
  SLIPWAY_TRY(const Experiment experiment, ExperimentStore().get(t, run.experiment_id));
  return report_run(t, run.id, experiment.name, end_event(run.status), when);
}

SqlValue or_null(std::optional<std::int64_t> value) { return value ? SqlValue(*value) : SqlValue(SqlNull{}); }

}  // namespace

Result<Run> RunStore::create(Transaction& t, const NewRun& wanted) const {
  SLIPWAY_CHECK(check_batch({}, {}, wanted.tags));
  SLIPWAY_CHECK(check_length("user_id", wanted.user_id, kUserIdCharactersMax));
  Run run;
  run.info.experiment_id = wanted.experiment_id.empty() ? std::string(kDefaultExperimentId) : wanted.experiment_id;
  SLIPWAY_TRY(const Experiment experiment, active_experiment(t, run.info.experiment_id));
  run.tags = wanted.tags;
  SLIPWAY_TRY(run.info.name, settle_name(wanted, run.tags, *random_));
  run.tags = settled_tags(run.tags);
  run.info.number = make_number(*clock_, *random_);
  run.info.id = make_hex_id(*clock_, *random_);
  run.info.user_id = wanted.user_id;
  run.info.start_ms = wanted.start_ms;
  run.info.artifact_uri = artifact_uri(experiment.artifact_location, {run.info.id, "artifacts"});

  SLIPWAY_TRY(const std::int64_t created,
              t.execute("INSERT INTO runs (number, id, experiment_id, name, user_id, status, start_time, end_time, "
                        "lifecycle_stage, deleted_at, created_by) "
                        "VALUES ($1, $2, $3, $4, $5, 'RUNNING', $6, NULL, 'active', NULL, $7) "
                        "ON CONFLICT (number) DO NOTHING",
                        {run.info.number, run.info.id, run.info.experiment_id, run.info.name, run.info.user_id,
                         run.info.start_ms, wanted.principal}));
  // Another process made the same number in the same microsecond.
  if (created == 0) return fail(Code::kAborted, "sql.conflict", "two runs have one number");
  SLIPWAY_CHECK(put_run_tags(t, run.info.number, run.tags));
  SLIPWAY_CHECK(report_run(t, run.info.id, experiment.name, RunEventType::kStart, clock_->now()));
  return run;
}

Result<RunInfo> RunStore::info(Transaction& t, std::string_view id) const {
  static const std::string kSql =
      select(kRunInfoColumns, "FROM runs r JOIN experiments e ON e.id = r.experiment_id WHERE r.id = $1");
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(id)}));
  if (rows.empty()) return no_run(id);
  return read_run_info(rows.front());
}

Result<Run> RunStore::get(Transaction& t, std::string_view id) const {
  Run run;
  SLIPWAY_TRY(run.info, info(t, id));
  SLIPWAY_CHECK(load_data(t, std::span(&run, 1)));
  return run;
}

Result<RunInfo> RunStore::update(Transaction& t, std::string_view id, const RunUpdate& update) const {
  SLIPWAY_TRY(RunInfo run, info(t, id));
  if (run.stage == LifecycleStage::kDeleted) return run_is_deleted(id);
  const bool had_ended = has_ended(run.status);
  if (update.status) run.status = *update.status;
  if (update.end_ms) run.end_ms = update.end_ms;
  const bool is_renamed = update.name && !update.name->empty();
  if (is_renamed) run.name = cut(*update.name, kRunNameCharactersMax);
  SLIPWAY_CHECK(t.execute("UPDATE runs SET status = $2, end_time = $3, name = $4 WHERE number = $1",
                          {run.number, std::string(to_string(run.status)), or_null(run.end_ms), run.name}));
  if (is_renamed) SLIPWAY_CHECK(put_run_tags(t, run.number, {{{std::string(kRunNameTag), run.name}}}));
  if (update.status && has_ended(run.status)) SLIPWAY_CHECK(settle_metrics(t, run.number));
  if (!had_ended && has_ended(run.status)) SLIPWAY_CHECK(report_end(t, run, clock_->now()));
  return run;
}

Status RunStore::remove(Transaction& t, std::string_view id) const {
  SLIPWAY_TRY(const RunKey run, find_run(t, id));
  SLIPWAY_CHECK(
      t.execute("UPDATE runs SET lifecycle_stage = 'deleted', deleted_at = $2 "
                "WHERE number = $1 AND lifecycle_stage = 'active'",
                {run.number, micros_since_1970(clock_->now())}));
  return {};
}

Status RunStore::restore(Transaction& t, std::string_view id) const {
  SLIPWAY_TRY(const RunKey run, find_run(t, id));
  SLIPWAY_CHECK(
      t.execute("UPDATE runs SET lifecycle_stage = 'active', deleted_at = NULL WHERE number = $1", {run.number}));
  return {};
}

Status RunStore::delete_tag(Transaction& t, std::string_view id, std::string_view key) const {
  SLIPWAY_TRY(const RunKey run, find_active_run(t, id));
  SLIPWAY_TRY(const std::int64_t removed,
              t.execute("DELETE FROM run_tags WHERE run = $1 AND key = $2", {run.number, std::string(key)}));
  if (removed > 0) return {};
  return fail(Code::kNotFound, "tag.not_found",
              "No tag with name: " + std::string(key) + " in run with id " + std::string(id));
}

}  // namespace slipway

// What a run logs: metrics, params, tags. A batch is folded first, so that each row is written once.
#include <algorithm>

#include "tracking/fold.h"
#include "tracking/limits.h"
#include "tracking/logged_model_store.h"
#include "tracking/point_blocks.h"
#include "tracking/row_batch.h"
#include "tracking/rows.h"
#include "tracking/run_key.h"
#include "tracking/run_store.h"
#include "tracking/run_tags.h"
#include "tracking/settled_metrics.h"
#include "tracking/write_once.h"

namespace slipway {
namespace {

constexpr std::string_view kPointInsert =
    "key, value, is_nan, time, step, model_id, dataset_name, dataset_digest) VALUES ";
// The greater point stays: the order of is_before().
constexpr std::string_view kKeepGreatest =
    " DO UPDATE SET value = excluded.value, is_nan = excluded.is_nan, time = excluded.time, step = excluded.step, "
    "model_id = excluded.model_id, dataset_name = excluded.dataset_name, dataset_digest = excluded.dataset_digest "
    "WHERE (excluded.step, excluded.time, excluded.value, excluded.is_nan, excluded.model_id, excluded.dataset_digest) "
    "> (latest_metrics.step, latest_metrics.time, latest_metrics.value, latest_metrics.is_nan, "
    "latest_metrics.model_id, "
    "latest_metrics.dataset_digest)";

void append_point(std::vector<SqlValue>& values, const Metric& metric) {
  const StoredValue stored = stored_value(metric.value);
  values.emplace_back(metric.key);
  values.emplace_back(stored.value);
  values.emplace_back(stored.is_nan);
  values.emplace_back(metric.time_ms);
  values.emplace_back(metric.step);
  values.emplace_back(metric.model_id);
  values.emplace_back(metric.dataset_name);
  values.emplace_back(metric.dataset_digest);
}

Status log_metrics(Transaction& t, const RunKey& run, std::span<const Metric> metrics) {
  static const InsertRows kInsertPoints("INSERT INTO metric_points (run, block, " + std::string(kPointInsert), 2, 8,
                                        " ON CONFLICT DO NOTHING");
  static const InsertRows kKeepLatest("INSERT INTO latest_metrics (run, " + std::string(kPointInsert), 1, 8,
                                      " ON CONFLICT (run, key)" + std::string(kKeepGreatest));
  std::vector<SqlValue> points;
  points.reserve(8 * metrics.size());
  for (const Metric& metric : metrics) append_point(points, metric);
  SLIPWAY_CHECK(kInsertPoints.put(t, {run.number, block_of(run.points)}, std::move(points)));
  std::vector<SqlValue> latest;
  for (const Metric* metric : latest_of_each(metrics)) append_point(latest, *metric);
  SLIPWAY_CHECK(kKeepLatest.put(t, {run.number}, std::move(latest)));
  return {};
}

// Precondition: the points of one model follow each other.
Status check_models_exist(Transaction& t, std::span<const Metric* const> points) {
  static const SelectIn kSelect("SELECT id FROM logged_models WHERE id IN ", "");
  std::vector<SqlValue> ids;
  for (const Metric* point : points) {
    if (ids.empty() || std::get<std::string>(ids.back()) != point->model_id) ids.emplace_back(point->model_id);
  }
  SLIPWAY_TRY(const std::vector<Row> rows, kSelect.query(t, ids));
  if (rows.size() == ids.size()) return {};
  for (const SqlValue& id : ids) {
    const auto& text = std::get<std::string>(id);
    if (std::ranges::none_of(rows, [&](const Row& row) { return row.text(0) == text; })) return no_logged_model(text);
  }
  return {};
}

// What a logged model shows of its metrics.
Status log_model_metrics(Transaction& t, std::string_view run_id, std::span<const Metric> metrics) {
  static const InsertRows kKeepLatest(
      "INSERT INTO logged_model_metrics (run_id, " + std::string(kPointInsert), 1, 8,
      " ON CONFLICT (model_id, key, dataset_name, dataset_digest) DO UPDATE SET value = excluded.value, "
      "is_nan = excluded.is_nan, time = excluded.time, step = excluded.step, run_id = excluded.run_id "
      "WHERE (excluded.step, excluded.time, excluded.value, excluded.is_nan, excluded.run_id) > "
      "(logged_model_metrics.step, logged_model_metrics.time, logged_model_metrics.value, logged_model_metrics.is_nan, "
      "logged_model_metrics.run_id)");
  const std::vector<const Metric*> kept = latest_of_each_model(metrics);
  if (kept.empty()) return {};
  SLIPWAY_CHECK(check_models_exist(t, kept));
  std::vector<SqlValue> latest;
  for (const Metric* metric : kept) append_point(latest, *metric);
  SLIPWAY_CHECK(kKeepLatest.put(t, {std::string(run_id)}, std::move(latest)));
  return {};
}

}  // namespace

Status RunStore::log(Transaction& t, std::string_view id, std::span<const Metric> metrics,
                     std::span<const KeyValue> params, std::span<const KeyValue> tags) const {
  static const WriteOnceParams kParams("run_params", "run");
  SLIPWAY_CHECK(check_batch(metrics, params, tags));
  SLIPWAY_TRY(const RunKey run, find_active_run_to_log(t, id, metrics.size()));
  SLIPWAY_CHECK(kParams.put(t, run.number, "run ID='" + std::string(id) + "'", params));
  SLIPWAY_CHECK(log_metrics(t, run, metrics));
  if (run.points == 0 && !metrics.empty()) SLIPWAY_CHECK(settle_beside(t, run.number));
  SLIPWAY_CHECK(log_model_metrics(t, id, metrics));
  if (tags.empty()) return {};
  const std::vector<KeyValue> settled = settled_tags(tags);
  if (const std::string name = run_name_of(settled); !name.empty()) {
    SLIPWAY_CHECK(t.execute("UPDATE runs SET name = $2 WHERE number = $1", {run.number, name}));
  }
  return put_run_tags(t, run.number, settled);
}

}  // namespace slipway

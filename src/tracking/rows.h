// How tracking's values stand in their tables: columns in one order, for every statement.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "storage/sql.h"
#include "tracking/tracking.h"

namespace slipway {

// Of experiments e.
constexpr std::string_view kExperimentColumns =
    "e.id, e.name, e.artifact_location, e.lifecycle_stage, e.created_at, e.updated_at";
// Of runs r JOIN experiments e ON e.id = r.experiment_id.
constexpr std::string_view kRunInfoColumns =
    "r.number, r.id, r.experiment_id, r.name, r.user_id, r.status, r.start_time, r.end_time, r.lifecycle_stage, "
    "e.artifact_location";
// Of logged_models m.
constexpr std::string_view kLoggedModelColumns =
    "m.id, m.experiment_id, m.name, m.artifact_uri, m.status, m.status_message, m.model_type, m.source_run_id, "
    "m.created_by, m.created_at, m.updated_at, m.lifecycle_stage";
// Of the tables of points.
constexpr std::string_view kPointColumns = "key, value, is_nan, time, step, model_id, dataset_name, dataset_digest";

// data_loss "tracking.altered" where a row holds what this program never writes. What hangs on a value in other tables
// is left empty.
Result<Experiment> read_experiment(const Row& row);
Result<RunInfo> read_run_info(const Row& row);
Result<LoggedModel> read_logged_model(const Row& row);
// `column`: the first of kPointColumns.
Metric read_point(const Row& row, std::size_t column);

// How a value stands in SQL: NaN apart, infinities as the largest finite numbers.
struct StoredValue {
  double value = 0;
  std::int64_t is_nan = 0;
};
StoredValue stored_value(double value) noexcept;

std::int64_t micros_since_1970(WallTime time) noexcept;

}  // namespace slipway

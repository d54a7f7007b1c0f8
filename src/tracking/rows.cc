#include "tracking/rows.h"

#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "tracking/naming.h"

namespace slipway {
namespace {

constexpr std::int64_t kMicrosPerMilli = 1000;

tl::unexpected<Error> altered(std::string_view what, std::string_view found) {
  return fail(Code::kDataLoss, "tracking.altered",
              "the tables of runs hold the " + std::string(what) + ' ' + slipway::quoted(found) +
                  ", which was never written there");
}

LifecycleStage read_stage(const std::string& text) {
  return text == to_string(LifecycleStage::kActive) ? LifecycleStage::kActive : LifecycleStage::kDeleted;
}

}  // namespace

Result<Experiment> read_experiment(const Row& row) {
  return Experiment{row.text(0),
                    row.text(1),
                    row.text(2),
                    read_stage(row.text(3)),
                    row.integer(4) / kMicrosPerMilli,
                    row.integer(5) / kMicrosPerMilli,
                    {}};
}

Result<RunInfo> read_run_info(const Row& row) {
  const auto status = parse_run_status(row.text(5));
  if (!status) return altered("run status", row.text(5));
  return RunInfo{row.integer(0),
                 row.text(1),
                 row.text(2),
                 row.text(3),
                 row.text(4),
                 *status,
                 row.integer(6),
                 row.optional_integer(7),
                 read_stage(row.text(8)),
                 artifact_uri(row.text(9), {row.text(1), "artifacts"})};
}

Result<LoggedModel> read_logged_model(const Row& row) {
  const auto status = parse_logged_model_status(row.text(4));
  if (!status) return altered("model status", row.text(4));
  return LoggedModel{row.text(0),
                     row.text(1),
                     row.text(2),
                     row.text(3),
                     *status,
                     row.text(5),
                     row.text(6),
                     row.text(7),
                     row.text(8),
                     row.integer(9) / kMicrosPerMilli,
                     row.integer(10) / kMicrosPerMilli,
                     read_stage(row.text(11)),
                     {},
                     {},
                     {}};
}

Metric read_point(const Row& row, std::size_t column) {
  Metric metric;
  metric.key = row.text(column);
  metric.value = row.integer(column + 2) != 0 ? std::numeric_limits<double>::quiet_NaN() : row.real(column + 1);
  metric.time_ms = row.integer(column + 3);
  metric.step = row.integer(column + 4);
  metric.model_id = row.text(column + 5);
  metric.dataset_name = row.text(column + 6);
  metric.dataset_digest = row.text(column + 7);
  return metric;
}

StoredValue stored_value(double value) noexcept {
  if (std::isnan(value)) return {0, 1};
  constexpr double kMax = std::numeric_limits<double>::max();
  return {std::isinf(value) ? std::copysign(kMax, value) : value, 0};
}

std::int64_t micros_since_1970(WallTime time) noexcept { return time.time_since_epoch().count(); }

}  // namespace slipway

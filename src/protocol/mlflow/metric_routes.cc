#include <algorithm>

#include "protocol/mlflow/tracking_call.h"
#include "protocol/mlflow/tracking_json.h"

namespace slipway::mlflow {
namespace {

constexpr std::size_t kRunsMax = 100;
constexpr std::size_t kPointsMax = 1'000'000;  // old clients ask for all at once
constexpr std::size_t kBulkPointsMax = 25'000;
constexpr std::int64_t kIntervalPointsMax = 2500;
constexpr std::size_t kQueryRunsMax = 10'000;

tl::unexpected<Error> invalid(std::string message) {
  return fail(Code::kInvalidArgument, "request.invalid", std::move(message));
}

Result<std::vector<std::string>> read_run_ids(const Arguments& arguments, std::string_view name,
                                              std::string_view call) {
  SLIPWAY_TRY(auto ids, arguments.texts(name, kQueryRunsMax));
  if (ids.empty()) return invalid(std::string(call) + " request must specify at least one " + std::string(name) + ".");
  if (ids.size() > kRunsMax) {
    return invalid(std::string(call) + " request must specify at most " + std::to_string(kRunsMax) +
                   " run_ids. Received " + std::to_string(ids.size()) + " run_ids.");
  }
  return ids;
}

Result<std::string> history(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_TRY(const std::string key, arguments.require_text("metric_key"));
  SLIPWAY_TRY(const std::string token, arguments.text("page_token"));
  SLIPWAY_TRY(const std::size_t limit, read_limit(arguments, "max_results", kPointsMax));
  if (limit == 0) return invalid_value("max_results", "0", "it must be a positive integer");
  SLIPWAY_TRY(const MetricHistory page, in_read(parts.database, [&](Transaction& t) {
                return parts.runs.history(t, id, key, std::min(limit, kPointsMax), token);
              }));
  return page_with("metrics", page.points, page.next_token, write_metric);
}

// Of several runs at once: the first points of each, run after run, as many as fit.
Result<std::string> history_bulk(const TrackingParts& parts, const Arguments& arguments,
                                 const HttpRequest& /*request*/) {
  SLIPWAY_TRY(auto ids, read_run_ids(arguments, "run_id", "GetMetricHistoryBulk"));
  SLIPWAY_TRY(const std::string key, arguments.require_text("metric_key"));
  SLIPWAY_TRY(const std::size_t wanted, read_limit(arguments, "max_results", kBulkPointsMax));
  const std::size_t limit = std::min(wanted, kBulkPointsMax);
  std::sort(ids.begin(), ids.end());
  SLIPWAY_TRY(const auto points, in_read(parts.database, [&](Transaction& t) -> Result<std::vector<Metric>> {
                std::vector<Metric> all;
                for (const std::string& id : ids) {
                  if (all.size() == limit) break;
                  SLIPWAY_TRY(MetricHistory page, parts.runs.history(t, id, key, limit - all.size(), ""));
                  for (Metric& point : page.points) {
                    point.run_id = id;
                    all.push_back(std::move(point));
                  }
                }
                return all;
              }));
  return page_with("metrics", points, "", write_metric);
}

Result<std::string> history_interval(const TrackingParts& parts, const Arguments& arguments,
                                     const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const auto ids, read_run_ids(arguments, "run_ids", "GetMetricHistoryBulkInterval"));
  SLIPWAY_TRY(const std::string key, arguments.require_text("metric_key"));
  SLIPWAY_TRY(const auto start, arguments.integer("start_step"));
  SLIPWAY_TRY(const auto end, arguments.integer("end_step"));
  SLIPWAY_TRY(const auto wanted, arguments.integer("max_results"));
  const std::int64_t limit = wanted.value_or(kIntervalPointsMax);
  if (limit < 1 || limit > kIntervalPointsMax) {
    return invalid("max_results must be between 1 and " + std::to_string(kIntervalPointsMax) + ".");
  }
  if (start.has_value() != end.has_value()) {
    return invalid("If either start step or end step are specified, both must be specified.");
  }
  if (start && *start > *end) {
    return invalid("end_step must be greater than start_step. Found start_step=" + std::to_string(*start) +
                   " and end_step=" + std::to_string(*end) + ".");
  }
  SLIPWAY_TRY(const auto points, in_read(parts.database, [&](Transaction& t) {
                return parts.runs.history_interval(t, ids, key, start, end, static_cast<std::size_t>(limit));
              }));
  return page_with("metrics", points, "", write_metric);
}

constexpr TrackingCall kCalls[] = {
    {Method::kGet, "metrics/get-history", Permission::kReadMetadata, history},
    {Method::kGet, "metrics/get-history-bulk", Permission::kReadMetadata, history_bulk},
    {Method::kGet, "metrics/get-history-bulk-interval", Permission::kReadMetadata, history_interval},
};

}  // namespace

void add_metric_routes(Router& router, const TrackingParts& parts) { add_calls(router, parts, kCalls); }

}  // namespace slipway::mlflow

#include "protocol/mlflow/tracking_call.h"
#include "protocol/mlflow/tracking_json.h"
#include "tracking/search.h"

namespace slipway::mlflow {
namespace {

constexpr std::size_t kExperimentsMax = 10'000;
constexpr std::size_t kOrderByMax = 100;  // what a search takes is its own business

Result<std::string> create(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& request) {
  NewRun wanted;
  SLIPWAY_TRY(wanted.experiment_id, arguments.text("experiment_id"));
  if (wanted.experiment_id.empty()) wanted.experiment_id = std::string(kDefaultExperimentId);
  SLIPWAY_TRY(wanted.name, arguments.text("run_name"));
  SLIPWAY_TRY(wanted.user_id, arguments.text("user_id"));
  SLIPWAY_TRY(const auto start, arguments.integer("start_time"));
  wanted.start_ms = start.value_or(0);
  SLIPWAY_TRY(wanted.tags, read_key_values(arguments, "tags"));
  wanted.principal = request.principal->id;
  SLIPWAY_TRY(const Run made, in_write(parts.database, [&](Transaction& t) { return parts.runs.create(t, wanted); }));
  return object_with("run", made, write_run);
}

Result<std::string> get(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_TRY(const Run found, in_read(parts.database, [&](Transaction& t) { return parts.runs.get(t, id); }));
  return object_with("run", found, write_run);
}

Result<std::string> update(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  RunUpdate wanted;
  SLIPWAY_TRY(wanted.status, read_run_status(arguments, "status"));
  SLIPWAY_TRY(wanted.end_ms, arguments.integer("end_time"));
  SLIPWAY_TRY(wanted.name, arguments.optional_text("run_name"));
  SLIPWAY_TRY(const RunInfo info,
              in_write(parts.database, [&](Transaction& t) { return parts.runs.update(t, id, wanted); }));
  return object_with("run_info", info, write_run_info);
}

Result<std::string> remove(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.runs.remove(t, id); }));
  return "";
}

Result<std::string> restore(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.runs.restore(t, id); }));
  return "";
}

Result<std::string> search(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  RunSearch wanted;
  SLIPWAY_TRY(wanted.experiment_ids, arguments.texts("experiment_ids", kExperimentsMax));
  SLIPWAY_TRY(wanted.filter, arguments.text("filter"));
  SLIPWAY_TRY(wanted.order_by, arguments.texts("order_by", kOrderByMax));
  SLIPWAY_TRY(const auto view, read_view_type(arguments, "run_view_type"));
  wanted.view = view.value_or(ViewType::kActiveOnly);
  SLIPWAY_TRY(wanted.limit, read_limit(arguments, "max_results", wanted.limit));
  SLIPWAY_TRY(wanted.token, arguments.text("page_token"));
  SLIPWAY_TRY(const auto page, in_read(parts.database, [&](Transaction& t) { return search_runs(t, wanted); }));
  return page_with("runs", page.items, page.next_token, write_run);
}

constexpr TrackingCall kCalls[] = {
    {Method::kPost, "runs/create", Permission::kTrack, create},
    {Method::kGet, "runs/get", Permission::kReadMetadata, get},
    {Method::kPost, "runs/update", Permission::kTrack, update},
    {Method::kPost, "runs/delete", Permission::kTrack, remove},
    {Method::kPost, "runs/restore", Permission::kTrack, restore},
    {Method::kPost, "runs/search", Permission::kReadMetadata, search},
};

}  // namespace

void add_run_routes(Router& router, const TrackingParts& parts) { add_calls(router, parts, kCalls); }

}  // namespace slipway::mlflow

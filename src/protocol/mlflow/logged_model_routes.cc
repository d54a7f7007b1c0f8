#include "protocol/mlflow/tracking_call.h"
#include "protocol/mlflow/tracking_json.h"
#include "tracking/search.h"

namespace slipway::mlflow {
namespace {

constexpr std::size_t kExperimentsMax = 10'000;
constexpr std::size_t kDatasetsMax = 100;
constexpr std::size_t kOrderByMax = 100;  // what a search takes is its own business

Result<std::string> create(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& request) {
  NewLoggedModel wanted;
  SLIPWAY_TRY(wanted.experiment_id, arguments.require_text("experiment_id"));
  SLIPWAY_TRY(wanted.name, arguments.text("name"));
  SLIPWAY_TRY(wanted.model_type, arguments.text("model_type"));
  SLIPWAY_TRY(wanted.source_run_id, arguments.text("source_run_id"));
  SLIPWAY_TRY(wanted.params, read_key_values(arguments, "params"));
  SLIPWAY_TRY(wanted.tags, read_key_values(arguments, "tags"));
  wanted.principal = request.principal->id;
  SLIPWAY_TRY(const LoggedModel made,
              in_write(parts.database, [&](Transaction& t) { return parts.logged_models.create(t, wanted); }));
  return object_with("model", made, write_logged_model);
}

Result<std::string> get(const TrackingParts& parts, const Arguments& /*arguments*/, const HttpRequest& request) {
  SLIPWAY_TRY(const LoggedModel found, in_read(parts.database, [&](Transaction& t) {
                return parts.logged_models.get(t, request.parameter("model_id"));
              }));
  return object_with("model", found, write_logged_model);
}

Result<std::string> finalize(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const auto status, read_logged_model_status(arguments, "status"));
  if (!status) return missing_value("status");
  SLIPWAY_TRY(const LoggedModel changed, in_write(parts.database, [&](Transaction& t) {
                return parts.logged_models.finalize(t, request.parameter("model_id"), *status);
              }));
  return object_with("model", changed, write_logged_model);
}

Result<std::string> remove(const TrackingParts& parts, const Arguments& /*arguments*/, const HttpRequest& request) {
  SLIPWAY_CHECK(parts.database.write(
      [&](Transaction& t) { return parts.logged_models.remove(t, request.parameter("model_id")); }));
  return "";
}

Result<std::string> set_tags(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const auto tags, read_key_values(arguments, "tags"));
  SLIPWAY_TRY(const LoggedModel changed, in_write(parts.database, [&](Transaction& t) -> Result<LoggedModel> {
                SLIPWAY_CHECK(parts.logged_models.set_tags(t, request.parameter("model_id"), tags));
                return parts.logged_models.get(t, request.parameter("model_id"));
              }));
  return object_with("model", changed, write_logged_model);
}

Result<std::string> delete_tag(const TrackingParts& parts, const Arguments& /*arguments*/, const HttpRequest& request) {
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) {
    return parts.logged_models.delete_tag(t, request.parameter("model_id"), request.parameter("key"));
  }));
  return "";
}

Result<std::string> log_params(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const auto params, read_key_values(arguments, "params"));
  SLIPWAY_CHECK(parts.database.write(
      [&](Transaction& t) { return parts.logged_models.log_params(t, request.parameter("model_id"), params); }));
  return "";
}

Result<LoggedModelOrder> read_order(const Arguments& arguments) {
  LoggedModelOrder order;
  SLIPWAY_TRY(order.field, arguments.require_text("field_name"));
  SLIPWAY_TRY(const auto is_ascending, arguments.boolean("ascending"));
  order.is_ascending = is_ascending.value_or(true);
  SLIPWAY_TRY(order.dataset_name, arguments.text("dataset_name"));
  SLIPWAY_TRY(order.dataset_digest, arguments.text("dataset_digest"));
  return order;
}

Result<LoggedModelSearch> read_search(const Arguments& arguments) {
  LoggedModelSearch wanted;
  SLIPWAY_TRY(wanted.experiment_ids, arguments.texts("experiment_ids", kExperimentsMax));
  if (wanted.experiment_ids.empty()) return missing_value("experiment_ids");
  SLIPWAY_TRY(wanted.filter, arguments.text("filter"));
  SLIPWAY_TRY(const auto datasets, arguments.objects("datasets", kDatasetsMax));
  for (const Arguments& dataset : datasets) {
    SLIPWAY_TRY(std::string name, dataset.require_text("dataset_name"));
    SLIPWAY_TRY(std::string digest, dataset.text("dataset_digest"));
    wanted.datasets.emplace_back(std::move(name), std::move(digest));
  }
  SLIPWAY_TRY(const auto orders, arguments.objects("order_by", kOrderByMax));
  for (const Arguments& order : orders) {
    SLIPWAY_TRY(LoggedModelOrder read, read_order(order));
    wanted.order_by.push_back(std::move(read));
  }
  SLIPWAY_TRY(wanted.limit, read_limit(arguments, "max_results", wanted.limit));
  SLIPWAY_TRY(wanted.token, arguments.text("page_token"));
  return wanted;
}

Result<std::string> search(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const LoggedModelSearch wanted, read_search(arguments));
  SLIPWAY_TRY(const auto page,
              in_read(parts.database, [&](Transaction& t) { return search_logged_models(t, wanted); }));
  return page_with("models", page.items, page.next_token, write_logged_model);
}

constexpr TrackingCall kCalls[] = {
    {Method::kPost, "logged-models", Permission::kTrack, create},
    {Method::kPost, "logged-models/search", Permission::kReadMetadata, search},
    {Method::kGet, "logged-models/{model_id}", Permission::kReadMetadata, get},
    {Method::kPatch, "logged-models/{model_id}", Permission::kTrack, finalize},
    {Method::kDelete, "logged-models/{model_id}", Permission::kTrack, remove},
    {Method::kPatch, "logged-models/{model_id}/tags", Permission::kTrack, set_tags},
    {Method::kDelete, "logged-models/{model_id}/tags/{key...}", Permission::kTrack, delete_tag},
    {Method::kPost, "logged-models/{model_id}/params", Permission::kTrack, log_params},
};

}  // namespace

void add_logged_model_routes(Router& router, const TrackingParts& parts) { add_calls(router, parts, kCalls); }

}  // namespace slipway::mlflow

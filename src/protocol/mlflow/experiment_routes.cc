#include "protocol/mlflow/tracking_call.h"
#include "protocol/mlflow/tracking_json.h"
#include "tracking/search.h"

namespace slipway::mlflow {
namespace {

constexpr std::size_t kOrderByMax = 100;  // what a search takes is its own business

Result<std::string> create(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string name, arguments.require_text("name"));
  SLIPWAY_TRY(const std::string artifact_location, arguments.text("artifact_location"));
  SLIPWAY_TRY(const auto tags, read_key_values(arguments, "tags"));
  SLIPWAY_TRY(const Experiment made, in_write(parts.database, [&](Transaction& t) {
                return parts.experiments.create(t, name, artifact_location, tags);
              }));
  std::string body;
  JsonWriter(body).begin_object().key("experiment_id").value(made.id).end_object();
  return body;
}

Result<std::string> get(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, arguments.require_text("experiment_id"));
  SLIPWAY_TRY(const Experiment found,
              in_read(parts.database, [&](Transaction& t) { return parts.experiments.get(t, id); }));
  return object_with("experiment", found, write_experiment);
}

Result<std::string> get_by_name(const TrackingParts& parts, const Arguments& arguments,
                                const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string name, arguments.require_text("experiment_name"));
  SLIPWAY_TRY(const Experiment found,
              in_read(parts.database, [&](Transaction& t) { return parts.experiments.get_by_name(t, name); }));
  return object_with("experiment", found, write_experiment);
}

Result<std::string> search(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  ExperimentSearch wanted;
  SLIPWAY_TRY(wanted.filter, arguments.text("filter"));
  SLIPWAY_TRY(wanted.order_by, arguments.texts("order_by", kOrderByMax));
  SLIPWAY_TRY(const auto view, read_view_type(arguments, "view_type"));
  wanted.view = view.value_or(ViewType::kActiveOnly);
  SLIPWAY_TRY(wanted.limit, read_limit(arguments, "max_results", wanted.limit));
  SLIPWAY_TRY(wanted.token, arguments.text("page_token"));
  SLIPWAY_TRY(const auto page, in_read(parts.database, [&](Transaction& t) { return search_experiments(t, wanted); }));
  return page_with("experiments", page.items, page.next_token, write_experiment);
}

Result<std::string> update(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, arguments.require_text("experiment_id"));
  SLIPWAY_TRY(const std::string name, arguments.require_text("new_name"));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.experiments.rename(t, id, name); }));
  return "";
}

Result<std::string> remove(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, arguments.require_text("experiment_id"));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.experiments.remove(t, id); }));
  return "";
}

Result<std::string> restore(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, arguments.require_text("experiment_id"));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.experiments.restore(t, id); }));
  return "";
}

Result<std::string> set_tag(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, arguments.require_text("experiment_id"));
  SLIPWAY_TRY(const KeyValue tag, read_key_value(arguments));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.experiments.set_tag(t, id, tag); }));
  return "";
}

Result<std::string> delete_tag(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, arguments.require_text("experiment_id"));
  SLIPWAY_TRY(const std::string key, arguments.require_text("key"));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.experiments.delete_tag(t, id, key); }));
  return "";
}

constexpr std::size_t kDatasetExperimentsMax = 20;
constexpr std::size_t kDatasetsMax = 1000;

Result<std::string> search_datasets(const TrackingParts& parts, const Arguments& arguments,
                                    const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const auto ids, arguments.texts("experiment_ids", kDatasetExperimentsMax));
  if (ids.empty()) return missing_value("experiment_ids");
  SLIPWAY_TRY(const auto found,
              in_read(parts.database, [&](Transaction& t) { return parts.runs.datasets(t, ids, kDatasetsMax); }));
  return page_with<RunStore::DatasetSummary>(
      "dataset_summaries", found, "", [](JsonWriter& json, const RunStore::DatasetSummary& summary) {
        json.begin_object().key("experiment_id").value(summary.experiment_id).key("name").value(summary.name);
        json.key("digest").value(summary.digest);
        if (!summary.context.empty()) json.key("context").value(summary.context);
        json.end_object();
      });
}

constexpr TrackingCall kCalls[] = {
    {Method::kPost, "experiments/create", Permission::kTrack, create},
    {Method::kGet, "experiments/get", Permission::kReadMetadata, get},
    {Method::kGet, "experiments/get-by-name", Permission::kReadMetadata, get_by_name},
    {Method::kGet, "experiments/search", Permission::kReadMetadata, search},
    {Method::kPost, "experiments/search", Permission::kReadMetadata, search},
    {Method::kPost, "experiments/update", Permission::kTrack, update},
    {Method::kPost, "experiments/delete", Permission::kTrack, remove},
    {Method::kPost, "experiments/restore", Permission::kTrack, restore},
    {Method::kPost, "experiments/set-experiment-tag", Permission::kTrack, set_tag},
    {Method::kPost, "experiments/delete-experiment-tag", Permission::kTrack, delete_tag},
    {Method::kPost, "experiments/search-datasets", Permission::kReadMetadata, search_datasets},
};

}  // namespace

void add_experiment_routes(Router& router, const TrackingParts& parts) { add_calls(router, parts, kCalls); }

}  // namespace slipway::mlflow

#include "protocol/inference/routes.h"

#include <algorithm>
#include <vector>

#include "protocol/inference/infer_exchange.h"
#include "protocol/inference/metadata.h"
#include "protocol/inference/statistics_json.h"

namespace slipway {
namespace {

class InferenceHandlers {
 public:
  InferenceHandlers(Predictor& predictor, InferenceRouteOptions options)
      : predictor_(predictor), is_ready_(std::move(options.is_ready)), async_(options.async) {}

  Task<HttpResponse> infer(HttpRequest& request) {
    if (!request.header("slipway-async").empty()) [[unlikely]] {
      const auto is_async = wants_async(request);
      if (!is_async) co_return error_response(is_async.error(), request);
      if (*is_async && async_ != nullptr) co_return co_await accept(request);
    }
    const auto exchange = borrow();
    HttpResponse response;
    const Status status = co_await answer_infer(predictor_, request, *exchange, response);
    if (!status) response = error_response(status.error(), request);
    exchange->clear();
    co_return response;
  }

  Task<HttpResponse> live(HttpRequest&) { co_return json(live_body()); }

  Task<HttpResponse> ready(HttpRequest&) {
    const bool is_ready = is_ready_();
    HttpResponse response = json(ready_body(is_ready));
    if (!is_ready) response.status = 503;
    co_return response;
  }

  Task<HttpResponse> server_metadata(HttpRequest&) { co_return json(server_metadata_body()); }

  Task<HttpResponse> models(HttpRequest& request) {
    std::vector<std::string_view> names;
    for (const auto& [name, model] : predictor_.snapshot().models) {
      if (request.principal->may(Permission::kReadEndpoint, name)) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    co_return json(model_list_body(names));
  }

  Task<HttpResponse> model_metadata(HttpRequest& request) {
    const auto found = co_await find_version(predictor_, request);
    if (!found) co_return error_response(found.error(), request);
    const ServedVersion& version = **found;
    std::vector<std::string_view> versions;
    if (!request.parameter("version").empty()) {
      versions.push_back(version.version);
    } else if (const ServedModel* model = served_model(request)) {
      versions.assign(model->names.begin(), model->names.end());
    }
    const ModelSignature& signature = version.runtime->signature();
    co_return json(model_metadata_body(version.model, versions, platform_of(version), signature));
  }

  // Of a version that waits for its first request too: a prediction would be answered.
  Task<HttpResponse> model_ready(HttpRequest& request) {
    const auto found = predictor_.choose(request.parameter("model"), request.parameter("version"));
    if (!found) co_return error_response(found.error(), request);
    const Status ready = *found == nullptr ? Status() : readiness(**found);
    if (!ready) co_return error_response(ready.error(), request);
    co_return json(model_ready_body(request.parameter("model"), true));
  }

  Task<HttpResponse> model_config(HttpRequest& request) {
    const auto found = co_await find_version(predictor_, request);
    if (!found) co_return error_response(found.error(), request);
    co_return json(model_config_body(model_config_of(**found)));
  }

  // Of the versions that are loaded.
  Task<HttpResponse> statistics(HttpRequest& request) {
    std::vector<VersionStatistics> versions;
    if (!request.parameter("version").empty()) {
      const auto found = predictor_.choose(request.parameter("model"), request.parameter("version"));
      if (!found) co_return error_response(found.error(), request);
      if (*found != nullptr) versions.push_back(statistics_of(**found));
    } else if (!request.parameter("model").empty()) {
      const auto found = predictor_.choose(request.parameter("model"), "");
      if (!found) co_return error_response(found.error(), request);
      for (const auto& served : served_model(request)->versions) versions.push_back(statistics_of(*served));
    } else {
      for (const auto& [name, model] : predictor_.snapshot().models) {
        if (!request.principal->may(Permission::kReadMetrics, name)) continue;
        for (const auto& served : model.versions) versions.push_back(statistics_of(*served));
      }
    }
    co_return json(statistics_body(versions));
  }

 private:
  // A suspended request keeps its own; the next one takes another.
  std::shared_ptr<InferExchange> borrow() {
    std::unique_ptr<InferExchange> exchange;
    if (free_->empty()) {
      exchange = std::make_unique<InferExchange>();
    } else {
      exchange = std::move(free_->back());
      free_->pop_back();
    }
    return {exchange.release(), [free = free_](InferExchange* used) { free->emplace_back(used); }};
  }

  Task<HttpResponse> accept(HttpRequest& request) {
    const auto exchange = borrow();
    auto accepted = co_await async_->accept(predictor_, request, *exchange);
    exchange->clear();
    if (!accepted) co_return error_response(accepted.error(), request);
    co_return *std::move(accepted);
  }

  // Valid until the next look at the snapshot.
  const ServedModel* served_model(const HttpRequest& request) {
    const auto& models = predictor_.snapshot().models;
    const auto model = models.find(request.parameter("model"));
    return model == models.end() ? nullptr : &model->second;
  }

  static HttpResponse json(std::string body) {
    HttpResponse response;
    response.body = std::move(body);
    return response;
  }

  Predictor& predictor_;
  std::function<bool()> is_ready_;
  AsyncIntake* async_;
  std::shared_ptr<std::vector<std::unique_ptr<InferExchange>>> free_ =
      std::make_shared<std::vector<std::unique_ptr<InferExchange>>>();
};

}  // namespace

void add_inference_routes(Router& router, Predictor& predictor, InferenceRouteOptions options) {
  const std::uint64_t body_bytes_max = options.body_bytes_max;
  const auto handlers = std::make_shared<InferenceHandlers>(predictor, std::move(options));
  const auto add = [&](Method method, std::string pattern, Permission permission,
                       Task<HttpResponse> (InferenceHandlers::*handler)(HttpRequest&)) {
    const bool has_body = method == Method::kPost;
    router.add(
        {.method = method,
         .pattern = std::move(pattern),
         .permission = permission,
         .body = has_body ? BodyKind::kBuffered : BodyKind::kNone,
         .body_bytes_max = has_body ? body_bytes_max : 0,
         .handler = IoHandler([handlers, handler](HttpRequest& request) { return ((*handlers).*handler)(request); })});
  };
  add(Method::kGet, "/v2", Permission::kPublic, &InferenceHandlers::server_metadata);
  add(Method::kGet, "/v2/health/live", Permission::kPublic, &InferenceHandlers::live);
  add(Method::kGet, "/v2/health/ready", Permission::kPublic, &InferenceHandlers::ready);
  add(Method::kGet, "/health/live", Permission::kPublic, &InferenceHandlers::live);
  add(Method::kGet, "/health/ready", Permission::kPublic, &InferenceHandlers::ready);
  add(Method::kGet, "/v2/models", Permission::kReadEndpoint, &InferenceHandlers::models);
  add(Method::kGet, "/v2/models/stats", Permission::kReadMetrics, &InferenceHandlers::statistics);
  for (const std::string model : {"/v2/models/{model}", "/v2/models/{model}/versions/{version}"}) {
    add(Method::kGet, model, Permission::kReadEndpoint, &InferenceHandlers::model_metadata);
    add(Method::kGet, model + "/ready", Permission::kReadEndpoint, &InferenceHandlers::model_ready);
    add(Method::kGet, model + "/config", Permission::kReadEndpoint, &InferenceHandlers::model_config);
    add(Method::kGet, model + "/stats", Permission::kReadMetrics, &InferenceHandlers::statistics);
    add(Method::kPost, model + "/infer", Permission::kPredict, &InferenceHandlers::infer);
  }
}

}  // namespace slipway

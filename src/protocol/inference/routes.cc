#include "protocol/inference/routes.h"

#include <vector>

#include "base/bytes.h"
#include "protocol/inference/decode.h"
#include "protocol/inference/encode.h"
#include "protocol/inference/metadata.h"

namespace slipway {
namespace {

// What one request in flight needs; kept for the next one of this thread.
struct Scratch {
  InferRequest request;
  Prediction prediction;
};

class InferenceHandlers {
 public:
  InferenceHandlers(Predictor& predictor, InferenceRouteOptions options)
      : predictor_(predictor), is_ready_(std::move(options.is_ready)) {}

  Task<HttpResponse> infer(HttpRequest& request) {
    const auto scratch = borrow();
    HttpResponse response;
    const Status status = co_await answer(request, *scratch, response);
    if (!status) response = error_response(status.error(), request);
    scratch->prediction.clear();
    scratch->request.clear();
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

  Task<HttpResponse> model_metadata(HttpRequest& request) {
    const auto found = find(request);
    if (!found) co_return error_response(found.error(), request);
    std::vector<std::string_view> versions;
    if (!request.parameter("version").empty()) {
      versions.push_back(found->version->version);
    } else {
      for (const auto& served : found->model->versions) versions.push_back(served->version);
    }
    co_return json(model_metadata_body(found->version->model, versions, found->version->runtime->signature()));
  }

  Task<HttpResponse> model_ready(HttpRequest& request) {
    const auto found = find(request);
    if (!found) co_return error_response(found.error(), request);
    co_return json(model_ready_body(found->version->model, true));
  }

 private:
  // A suspended request keeps its own; the next one takes another.
  std::shared_ptr<Scratch> borrow() {
    std::unique_ptr<Scratch> scratch;
    if (free_->empty()) {
      scratch = std::make_unique<Scratch>();
    } else {
      scratch = std::move(free_->back());
      free_->pop_back();
    }
    return {scratch.release(), [free = free_](Scratch* used) { free->emplace_back(used); }};
  }

  Task<Status> answer(HttpRequest& request, Scratch& scratch, HttpResponse& response) {
    if (Status decoded = decode_infer(request, scratch.request); !decoded) {
      co_return fail(std::move(decoded).error());
    }
    PredictCall call;
    call.principal_id = request.principal->id;
    call.request_id = request.request_id;
    call.trace_id = request.trace.trace_id;
    call.received = request.received;
    call.executor = request.executor;
    Status predicted = co_await predictor_.predict(call, scratch.request, scratch.prediction);
    if (!predicted) co_return fail(std::move(predicted).error());
    co_return encode_infer(scratch.request, scratch.prediction.response, response);
  }

  // Both of one snapshot: the next look at it may see that the model was retired. Valid until then.
  struct Found {
    const ServedModel* model = nullptr;
    std::shared_ptr<const ServedVersion> version;
  };

  Result<Found> find(const HttpRequest& request) {
    const std::string_view name = request.parameter("model");
    const std::string_view version = request.parameter("version");
    const auto& models = predictor_.snapshot().models;
    const auto model = models.find(name);
    if (model == models.end())
      return fail(Code::kNotFound, "model.not_found", "model " + quoted(name) + " is not served");
    if (version.empty()) return Found{&model->second, model->second.current};
    auto found = model->second.find(version);
    if (found == nullptr) {
      return fail(Code::kNotFound, "model.version_not_served",
                  "version " + quoted(version) + " of model " + quoted(name) + " is not served");
    }
    return Found{&model->second, std::move(found)};
  }

  static HttpResponse json(std::string body) {
    HttpResponse response;
    response.body = std::move(body);
    return response;
  }

  Predictor& predictor_;
  std::function<bool()> is_ready_;
  std::shared_ptr<std::vector<std::unique_ptr<Scratch>>> free_ =
      std::make_shared<std::vector<std::unique_ptr<Scratch>>>();
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
  for (const std::string model : {"/v2/models/{model}", "/v2/models/{model}/versions/{version}"}) {
    add(Method::kGet, model, Permission::kReadEndpoint, &InferenceHandlers::model_metadata);
    add(Method::kGet, model + "/ready", Permission::kReadEndpoint, &InferenceHandlers::model_ready);
    add(Method::kPost, model + "/infer", Permission::kPredict, &InferenceHandlers::infer);
  }
}

}  // namespace slipway

#include "protocol/mlflow/tracking_call.h"

namespace slipway::mlflow {
namespace {

// What a client may rely on beyond the calls that each MLflow server has.
std::string server_info(const TrackingParts& parts) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("store_type").value("SqlStore").key("workspaces_enabled").value(false);
  json.key("trace_archival_enabled").value(false);
  json.key("multipart_uploads_enabled").value(parts.has_multipart_uploads);
  json.key("multipart_downloads_enabled").value(false).end_object();
  return body;
}

void add_text(Router& router, std::string pattern, std::string_view text) {
  router.add({.method = Method::kGet,
              .pattern = std::move(pattern),
              .permission = Permission::kPublic,
              .body = BodyKind::kNone,
              .body_bytes_max = 0,
              .handler = IoHandler([text](HttpRequest&) -> Task<HttpResponse> {
                HttpResponse response;
                response.content_type = "text/plain; charset=utf-8";
                response.body = text;
                co_return response;
              })});
}

}  // namespace

void add_server_info_routes(Router& router, const TrackingParts& parts) {
  add_route(router, Method::kGet, "server-info", Permission::kPublic,
            [body = server_info(parts)](const Arguments&, const HttpRequest&) -> Result<std::string> { return body; },
            {.version = "3.0"});
  add_text(router, "/health", "OK");
  add_text(router, "/version", SLIPWAY_VERSION);
}

void add_tracking_routes(Router& router, const TrackingParts& parts) {
  add_experiment_routes(router, parts);
  add_run_routes(router, parts);
  add_run_log_routes(router, parts);
  add_metric_routes(router, parts);
  add_logged_model_routes(router, parts);
  add_server_info_routes(router, parts);
}

}  // namespace slipway::mlflow

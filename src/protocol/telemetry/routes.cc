#include "protocol/telemetry/routes.h"

#include "protocol/telemetry/exposition.h"

namespace slipway {

void add_telemetry_routes(Router& router, const metrics::Registry& registry) {
  router.add({.method = Method::kGet,
              .pattern = "/metrics",
              .permission = Permission::kReadMetrics,
              .body = BodyKind::kNone,
              .body_bytes_max = 0,
              .handler = WorkerHandler([&registry](const HttpRequest& request) {
                const ExpositionFormat format = choose_exposition(request.header("accept"));
                HttpResponse response;
                response.content_type = content_type(format);
                response.body = expose(registry.collect(), format);
                return response;
              })});
}

}  // namespace slipway

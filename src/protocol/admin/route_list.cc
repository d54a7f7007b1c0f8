#include "protocol/admin/route_list.h"

#include <memory>

#include "base/json_writer.h"

namespace slipway {
namespace {

std::string to_json(const std::vector<const Route*>& routes) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("routes").begin_array();
  for (const Route* route : routes) {
    json.begin_object().key("method").value(to_string(route->method)).key("pattern").value(route->pattern);
    json.key("permission").value(to_string(route->permission)).end_object();
  }
  json.end_array().end_object();
  return text;
}

}  // namespace

void add_route_list(Router& router) {
  const auto body = std::make_shared<std::string>();
  router.add({.method = Method::kGet,
              .pattern = "/api/v1/routes",
              .permission = Permission::kReadMetadata,
              .body = BodyKind::kNone,
              .body_bytes_max = 0,
              .handler = IoHandler([body](HttpRequest&) -> Task<HttpResponse> {
                HttpResponse response;
                response.body = *body;
                co_return response;
              })});
  *body = to_json(router.routes());
}

}  // namespace slipway

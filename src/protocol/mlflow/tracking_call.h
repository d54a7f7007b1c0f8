// One call of the tracking API, for the tables of *_routes.cc. Included by .cc files only.
#pragma once

#include <string_view>

#include "protocol/mlflow/tracking_routes.h"
#include "protocol/mlflow/wire.h"
#include "registry/transact.h"

namespace slipway::mlflow {

struct TrackingCall {
  Method method;
  std::string_view path;
  Permission permission;
  Result<std::string> (*run)(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& request);
  std::uint64_t body_bytes_max = kBodyBytesMax;
};

template <std::size_t Count>
void add_calls(Router& router, const TrackingParts& parts, const TrackingCall (&calls)[Count]) {
  for (const TrackingCall& call : calls) {
    add_route(router, call.method, call.path, call.permission,
              [parts, run = call.run](const Arguments& arguments, const HttpRequest& request) {
                return run(parts, arguments, request);
              },
              {.body_bytes_max = call.body_bytes_max});
  }
}

}  // namespace slipway::mlflow

// The calls that a route of the REST dialect answers: which one, and how its JSON reads as a message and back.
//
// So that both dialects have one set of permissions, limits, records and answers. ModelInfer and ModelStreamInfer are
// not here: their tensors never become JSON.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "protocol/http.h"

namespace slipway {

// What to ask of the route `pattern`.
struct RouteCall {
  Method method = Method::kGet;
  std::string pattern;
  std::vector<std::pair<std::string, std::string>> parameters;  // of the pattern
  std::string body;                                             // JSON; "" for none
};

struct RpcRoute {
  std::string_view name;  // "ModelConfig"
  // Of the request message. invalid_argument "grpc.bad_message".
  Result<RouteCall> (*ask)(const std::string& message);
  // The response message, of what was asked and the body that answered with status 200.
  Result<std::string> (*answer)(const RouteCall& call, const std::string& json);
  // The response message where the route answers that there is no such thing; null: that is an error.
  std::string (*answer_missing)() = nullptr;
};

// By the name of the call within inference.GRPCInferenceService; null for one that is not answered by a route.
const RpcRoute* find_rpc_route(std::string_view name) noexcept;

// The error that a route answered with (error_response() in protocol/http.h).
Error error_of(const HttpResponse& response);

}  // namespace slipway

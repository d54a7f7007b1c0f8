#include "protocol/grpc/route_caller.h"

#include <exception>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::size_t kPaddingBytes = 64;  // readable behind a body (HttpRequest::body)

}  // namespace

RouteCaller::RouteCaller(const Router& router, WorkerPool& workers) : router_(router), workers_(workers) {
  for (const Route* route : router.routes()) routes_.emplace(std::pair(route->method, route->pattern), route);
}

Task<Result<std::string>> RouteCaller::call(const RpcRoute& rpc, HttpRequest& request, const std::string& message) {
  auto asked = rpc.ask(message);
  if (!asked) co_return fail(std::move(asked).error());
  RouteCall& call = *asked;
  const auto found = routes_.find({call.method, call.pattern});
  if (found == routes_.end()) {
    co_return fail(Code::kUnimplemented, "grpc.no_route",
                   "this server has nothing that answers " + std::string(rpc.name));
  }
  const Route& route = *found->second;
  request.method = call.method;
  request.route = route.pattern;
  request.parameters.clear();
  for (const auto& [name, value] : call.parameters) {
    if (!is_utf8(value)) {
      co_return fail(Code::kInvalidArgument, "grpc.bad_message", "the " + name + " is not UTF-8");
    }
    request.parameters.emplace_back(name, value);
  }
  if (const Gate& gate = router_.gate()) {
    auto principal = gate(request, route.permission, request.parameter("model"));
    if (!principal) co_return fail(std::move(principal).error());
    request.principal = *std::move(principal);
  }
  if (call.body.size() > route.body_bytes_max) {
    co_return fail(Code::kResourceExhausted, "http.body_too_large",
                   "the settings have " + std::to_string(call.body.size()) + " bytes; " + std::string(rpc.name) +
                       " takes " + std::to_string(route.body_bytes_max));
  }
  const std::size_t body_bytes = call.body.size();
  call.body.append(kPaddingBytes, '\0');
  request.body = std::as_bytes(std::span(call.body)).first(body_bytes);
  const HttpResponse response = co_await handle(route, request);
  request.body = {};
  Result<std::string> answer;
  if (response.status == 200 || response.body.find("\"error\"") == std::string::npos) {
    answer = rpc.answer(call, response.body);
  } else if (rpc.answer_missing != nullptr && response.status == 404) {
    answer = rpc.answer_missing();
  } else {
    answer = fail(error_of(response));
  }
  request.parameters.clear();  // they point into the call
  co_return answer;
}

Task<HttpResponse> RouteCaller::handle(const Route& route, HttpRequest& request) {
  if (const auto* handler = std::get_if<IoHandler>(&route.handler)) co_return co_await (*handler)(request);
  const auto& handler = std::get<WorkerHandler>(route.handler);
  auto waiting = callback_on<HttpResponse>(*request.executor, [&](auto resume) {
    const bool is_posted = workers_.try_post([&handler, &request, resume] {
      HttpResponse response;
      try {
        response = handler(request);
      } catch (
          const std::exception& thrown) {  // a library threw through a handler: this call fails, the server does not
        response = error_response(
            {Code::kInternal, "http.handler", std::string("the handler failed: ") + thrown.what(), {}}, request);
      }
      resume(std::move(response));
    });
    if (!is_posted) {
      resume(error_response({Code::kUnavailable,
                             "http.worker_queue_max",
                             "too many requests wait for a worker (worker_queue_max); try again",
                             {}},
                            request));
    }
  });
  co_return co_await waiting;
}

}  // namespace slipway

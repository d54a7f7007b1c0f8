// Asks a route of the REST dialect without HTTP: gate, handler, answer. One for each thread.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "protocol/grpc/rpc_route.h"
#include "protocol/http.h"
#include "protocol/worker_pool.h"

namespace slipway {

class RouteCaller {
 public:
  // Both outlive it.
  RouteCaller(const Router& router, WorkerPool& workers);

  // Answers `message` with the route of `rpc`. `request` says who calls; the rest of it is set here.
  Task<Result<std::string>> call(const RpcRoute& rpc, HttpRequest& request, const std::string& message);

 private:
  Task<HttpResponse> handle(const Route& route, HttpRequest& request);

  const Router& router_;
  WorkerPool& workers_;
  std::map<std::pair<Method, std::string>, const Route*> routes_;
};

}  // namespace slipway

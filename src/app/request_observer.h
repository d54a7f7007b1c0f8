// What is counted and logged of each request, after its response: slipway_http_requests_total by route, method and
// status, slipway_grpc_requests_total by method and code; a log line with request and trace id, at level debug for what
// went well and at warning for what the server failed at.
#pragma once

#include <chrono>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "protocol/http.h"

namespace slipway {

class RequestObserver {
 public:
  // `threads`: those of HTTP and of gRPC together.
  RequestObserver(metrics::Registry& registry, unsigned threads);

  // Called on thread `thread`; both lock only for a combination that this thread has not seen before.
  void observe(unsigned thread, const HttpRequest& request, int status, std::chrono::nanoseconds duration);
  // `rpc`: a method's name, "none" for what is not there; lives as long as the server.
  void observe_rpc(unsigned thread, std::string_view rpc, const HttpRequest& request, Code code,
                   std::chrono::nanoseconds duration);

 private:
  // The pattern's address stands for the route: patterns live as long as the server.
  using Key = std::tuple<const char*, Method, int>;

  using RpcKey = std::pair<const char*, Code>;

  metrics::CounterFamily& requests_;
  metrics::CounterFamily& rpcs_;
  std::vector<std::map<Key, metrics::Counter>> seen_;  // one for each thread
  std::vector<std::map<RpcKey, metrics::Counter>> seen_rpcs_;
};

}  // namespace slipway

// What is counted and logged of each HTTP request, after its response: slipway_http_requests_total by route, method and
// status; a log line with request and trace id, at level debug for what went well and at warning for what the server
// failed at.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/metrics.h"
#include "protocol/http.h"

namespace slipway {

class RequestObserver {
 public:
  RequestObserver(metrics::Registry& registry, unsigned threads);

  // Called on I/O thread `thread`; locks only for a combination that this thread has not seen before.
  void observe(unsigned thread, const HttpRequest& request, int status, std::chrono::nanoseconds duration);

 private:
  // The pattern's address stands for the route: patterns live as long as the server.
  using Key = std::tuple<const char*, Method, int>;

  metrics::CounterFamily& requests_;
  std::vector<std::map<Key, metrics::Counter>> seen_;  // one for each thread
};

}  // namespace slipway

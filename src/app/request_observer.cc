#include "app/request_observer.h"

#include "base/log.h"

namespace slipway {
namespace {

metrics::Description http_requests() {
  metrics::Description made;
  made.name = "slipway_http_requests_total";
  made.help = "HTTP requests answered, by route, method and status.";
  made.label_names = {"route", "method", "status"};
  return made;
}

metrics::Description grpc_requests() {
  metrics::Description made;
  made.name = "slipway_grpc_requests_total";
  made.help = "gRPC requests answered, by method and code; a request in a stream counts as one.";
  made.label_names = {"method", "code"};
  return made;
}

std::int64_t microseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

std::string_view principal_id(const HttpRequest& request) {
  return request.principal == nullptr ? std::string_view() : std::string_view(request.principal->id);
}

// A failure of the server, not of the caller.
bool is_own_failure(Code code) {
  return code == Code::kInternal || code == Code::kUnknown || code == Code::kDataLoss || code == Code::kUnavailable;
}

}  // namespace

RequestObserver::RequestObserver(metrics::Registry& registry, unsigned threads)
    : requests_(registry.counter(http_requests())),
      rpcs_(registry.counter(grpc_requests())),
      seen_(threads),
      seen_rpcs_(threads) {}

void RequestObserver::observe(unsigned thread, const HttpRequest& request, int status,
                              std::chrono::nanoseconds duration) {
  const std::string_view route = request.route.empty() ? std::string_view("none") : request.route;
  const auto [entry, is_new] = seen_[thread].try_emplace(Key{route.data(), request.method, status});
  if (is_new) {
    entry->second =
        requests_.with({std::string(route), std::string(to_string(request.method)), std::to_string(status)});
  }
  entry->second.add();

  const log::Level level = status >= 500 ? log::Level::kWarning : log::Level::kDebug;
  if (!log::is_enabled(level)) return;
  log::write(level, "http.request",
             {{"method", to_string(request.method)},
              {"route", route},
              {"path", request.path},
              {"status", status},
              {"duration_us", microseconds(duration)},
              {"remote", request.remote},
              {"principal", principal_id(request)},
              log::request_id(request.request_id),
              log::trace_id(request.trace.trace_id)});
}

void RequestObserver::observe_rpc(unsigned thread, std::string_view rpc, const HttpRequest& request, Code code,
                                  std::chrono::nanoseconds duration) {
  const auto [entry, is_new] = seen_rpcs_[thread].try_emplace(RpcKey{rpc.data(), code});
  if (is_new) entry->second = rpcs_.with({std::string(rpc), std::string(to_string(code))});
  entry->second.add();

  const log::Level level = is_own_failure(code) ? log::Level::kWarning : log::Level::kDebug;
  if (!log::is_enabled(level)) return;
  log::write(level, "grpc.request",
             {{"method", rpc},
              {"code", to_string(code)},
              {"duration_us", microseconds(duration)},
              {"remote", request.remote},
              {"principal", principal_id(request)},
              log::request_id(request.request_id),
              log::trace_id(request.trace.trace_id)});
}

}  // namespace slipway

#include "app/request_observer.h"

#include "base/log.h"

namespace slipway {
namespace {

metrics::Description description() {
  metrics::Description made;
  made.name = "slipway_http_requests_total";
  made.help = "HTTP requests answered, by route, method and status.";
  made.label_names = {"route", "method", "status"};
  return made;
}

}  // namespace

RequestObserver::RequestObserver(metrics::Registry& registry, unsigned threads)
    : requests_(registry.counter(description())), seen_(threads) {}

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
  log::write(
      level, "http.request",
      {{"method", to_string(request.method)},
       {"route", route},
       {"path", request.path},
       {"status", status},
       {"duration_us", std::chrono::duration_cast<std::chrono::microseconds>(duration).count()},
       {"remote", request.remote},
       {"principal", request.principal == nullptr ? std::string_view() : std::string_view(request.principal->id)},
       log::request_id(request.request_id),
       log::trace_id(request.trace.trace_id)});
}

}  // namespace slipway

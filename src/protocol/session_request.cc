// From a parsed head to a decision: which route, may they, may the body come.
#include <cassert>

#include "protocol/percent.h"
#include "protocol/session.h"
#include "protocol/trace_context.h"

namespace slipway {
namespace {

// Takes one of `max`; false when none is left.
bool take(std::atomic<std::size_t>& taken, std::size_t max) noexcept {
  if (taken.fetch_add(1, std::memory_order_relaxed) < max) return true;
  taken.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

Error not_found(const HttpRequest& request) {
  return {Code::kNotFound, "http.no_route", "there is nothing at " + std::string(request.path), {}};
}

}  // namespace

void Session::reset_request() {
  request_.method = Method::kGet;
  request_.path = request_.query = request_.route = {};
  request_.headers.clear();
  request_.parameters.clear();
  request_.body = {};
  request_.body_file.clear();
  request_.body_digest.reset();
  request_.principal.reset();
  response_.status = 499;  // until there is a response
  is_compressed_ = false;
}

bool Session::begin_request() {
  reset_request();
  request_.method = head_.method;
  request_.headers.swap(head_.headers);
  request_.query = head_.query;
  raw_begin_ = head_.size_bytes;
  const std::string_view traceparent = request_.header("traceparent");
  const auto trace = traceparent.empty() ? std::nullopt : parse_traceparent(traceparent);
  request_.trace = trace ? *trace : start_trace(request_.request_id);

  auto path = decode_path(head_.target_path);
  if (!path) {
    // decode_path() has changed nothing before the first escape, where a dialect's prefix ends.
    const std::string_view raw(head_.target_path.data(), head_.target_path.size());
    return refuse(path.error(), 400, raw);
  }
  request_.path = *path;
  const Router::Match match = thread_.router.match(request_.method, request_);
  route_ = match.route;
  if (route_ == nullptr) {
    answer_without_route(match);
    return true;
  }
  if (const Gate& gate = thread_.router.gate()) {
    auto principal = gate(request_, route_->permission, request_.parameter("model"));
    if (!principal) return refuse(principal.error(), http_status(principal.error().code));
    request_.principal = std::move(*principal);
  }
  return begin_body(*route_);
}

void Session::answer_without_route(const Router::Match& match) {
  if (match.allowed.empty()) {
    refuse(not_found(request_), 404);
    return;
  }
  std::string allow;
  for (const Method method : match.allowed) allow.append(allow.empty() ? "" : ", ").append(to_string(method));
  if (request_.method == Method::kOptions) {
    skip_or_close_body();
    response_ = HttpResponse();
    response_.status = 204;
    state_ = State::kRespond;
  } else {
    refuse({Code::kUnimplemented,
            "http.method_not_allowed",
            std::string(to_string(request_.method)) + " is not allowed on " + std::string(request_.path) +
                "; allowed: " + allow,
            {}},
           405);
  }
  response_.headers.emplace_back("Allow", std::move(allow));
}

bool Session::begin_body(const Route& route) {
  const auto coding = parse_content_coding(request_.header("content-encoding"));
  if (!coding) {
    refuse({Code::kInvalidArgument,
            "http.content_encoding",
            "Content-Encoding is not understood; send gzip, deflate or none",
            {}},
           415);
    response_.headers.emplace_back("Accept-Encoding", "gzip, deflate");
    return true;
  }
  if (route.body == BodyKind::kNone && head_.has_body()) {
    return refuse({Code::kInvalidArgument, "http.body_not_expected", "this route takes no body", {}}, 400);
  }
  if (head_.content_length.value_or(0) > route.body_bytes_max && route.body != BodyKind::kNone) {
    return refuse({Code::kResourceExhausted,
                   "http.body_too_large",
                   "the body has " + std::to_string(*head_.content_length) + " bytes; this route takes " +
                       std::to_string(route.body_bytes_max),
                   {}},
                  413);
  }
  if (!acquire(route)) return true;
  const bool is_here = !head_.is_chunked && unread().size() >= head_.content_length.value_or(0);
  if (is_here && *coding == ContentCoding::kIdentity && route.body != BodyKind::kSpooled) {
    const std::size_t size = head_.content_length.value_or(0);
    request_.body = std::as_bytes(std::span(unread().data(), size));
    raw_begin_ += size;
    state_ = State::kDispatch;
    return true;
  }
  if (route.body == BodyKind::kBuffered && !reserve(head_.content_length.value_or(0))) return true;
  body_.clear(limits_.kept_body_bytes_max);
  intake_.begin(head_, *coding, route.body_bytes_max, body_);
  state_ = State::kBody;
  body_started_ = request_.received;
  set_deadline(limits_.body_timeout);
  if (head_.expects_continue && unread().empty()) {
    is_write_pending_ = !transport_->write("HTTP/1.1 100 Continue\r\n\r\n", {});
    return !is_write_pending_;
  }
  return true;
}

bool Session::acquire(const Route& route) {
  ServerState& server = thread_.server;
  if (!take(server.in_flight, limits_.in_flight_max)) {
    refuse({Code::kUnavailable, "http.in_flight_max", "too many requests are in flight (in_flight_max); try again", {}},
           503);
    return false;
  }
  is_counted_ = true;
  if (route.body != BodyKind::kSpooled) return true;
  if (!take(server.spooled_bodies, limits_.spooled_bodies_max)) {
    refuse({Code::kUnavailable,
            "http.spooled_bodies_max",
            "too many uploads are running (spooled_bodies_max); try again",
            {}},
           503);
    return false;
  }
  is_spooling_ = true;
  return true;
}

// Takes memory for a body of so many bytes, those it has included. False where it is refused.
bool Session::reserve(std::uint64_t body_bytes) {
  if (body_bytes <= reserved_bytes_) return true;
  const std::uint64_t more = body_bytes - reserved_bytes_;
  std::atomic<std::uint64_t>& taken = thread_.server.buffered_bytes;
  if (taken.fetch_add(more, std::memory_order_relaxed) + more > limits_.buffered_bytes_max) {
    taken.fetch_sub(more, std::memory_order_relaxed);
    refuse({Code::kUnavailable,
            "http.buffered_bytes_max",
            "the bodies of requests fill the memory they have (buffered_bytes_max); try again",
            {}},
           503);
    return false;
  }
  reserved_bytes_ = body_bytes;
  return true;
}

// Ends the request in the counters and the log, and removes its file; called once it cannot be touched by a job any
// more.
void Session::release() {
  if (request_.request_id != Id() && thread_.server.options.on_complete) {
    const auto took = std::chrono::steady_clock::now() - request_.received;
    thread_.server.options.on_complete(thread_.index, request_, response_.status, took);
  }
  request_.request_id = Id();
  request_.principal.reset();
  response_.headers.clear();
  response_.stream.reset();
  stream_.reset();
  if (std::exchange(is_spooling_, false)) {
    thread_.server.spooled_bodies.fetch_sub(1, std::memory_order_relaxed);
    auto file = std::make_shared<SpoolFile>(std::move(spool_));
    spool_ = SpoolFile();
    [[maybe_unused]] const bool is_posted =
        thread_.server.files.try_post([file] {});  // unlinking large files takes time
  }
  thread_.server.buffered_bytes.fetch_sub(std::exchange(reserved_bytes_, 0), std::memory_order_relaxed);
  if (std::exchange(is_counted_, false)) thread_.server.in_flight.fetch_sub(1, std::memory_order_relaxed);
}

bool Session::refuse(const Error& error, int status) { return refuse(error, status, request_.path); }

bool Session::refuse(const Error& error, int status, std::string_view path) {
  skip_or_close_body();
  response_ = thread_.router.error_writer(path)(error, request_, status);
  is_compressed_ = true;
  coding_ = {};
  state_ = State::kRespond;
  return true;
}

// A refused request's body is skipped when it is already here; else the connection ends, since reading it has no limit.
void Session::skip_or_close_body() {
  if (state_ == State::kHandling) return;
  if (state_ == State::kHead && !must_close_) {
    const std::size_t here = unread().size();
    if (!head_.is_chunked && head_.content_length.value_or(0) <= here) {
      raw_begin_ += head_.content_length.value_or(0);
      return;
    }
  }
  must_close_ = true;
}

}  // namespace slipway

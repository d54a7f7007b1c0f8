// From a request that is complete to the last byte of its response.
#include <algorithm>
#include <cassert>
#include <exception>

#include "base/log.h"
#include "protocol/byte_range.h"
#include "protocol/response_head.h"
#include "protocol/session.h"

namespace slipway {
namespace {

bool is_text(std::string_view content_type) noexcept {
  return content_type.starts_with("application/json") || content_type.starts_with("text/") ||
         content_type.starts_with("application/javascript") || content_type.starts_with("image/svg") ||
         content_type.starts_with("application/openmetrics-text");
}

// If-Range compares strongly: a weak entity tag never matches (RFC 9110 section 13.1.5).
bool is_strong_etag_of(const HttpResponse& response, std::string_view wanted) noexcept {
  if (!wanted.starts_with('"')) return false;
  return std::ranges::any_of(response.headers,
                             [&](const auto& header) { return header.first == "ETag" && header.second == wanted; });
}

}  // namespace

bool Session::step_dispatch() {
  state_ = State::kHandling;
  has_response_ = false;
  deadline_ = Monotonic::max();
  if (const auto* worker = std::get_if<WorkerHandler>(&route_->handler)) {
    call_worker(*worker);
    return state_ == State::kRespond;
  }
  is_job_pending_ = true;
  slipway::start(std::get<IoHandler>(route_->handler)(request_),
                 [self = shared_from_this()](HttpResponse response) { self->on_response(std::move(response)); });
  return state_ == State::kRespond;
}

void Session::call_worker(const WorkerHandler& handler) {
  is_job_pending_ = true;
  const bool is_posted = thread_.server.workers(route_->work).try_post([self = shared_from_this(), &handler] {
    HttpResponse response;
    try {
      response = handler(self->request_);
    } catch (
        const std::exception& thrown) {  // a library threw through a handler: this request fails, the server does not
      response = self->thread_.router.error_writer(self->request_.path)(
          {Code::kInternal, "http.handler", std::string("the handler failed: ") + thrown.what(), {}}, self->request_,
          500);
    }
    self->compress(response);
    self->on_response(std::move(response));
  });
  if (is_posted) return;
  is_job_pending_ = false;
  refuse({Code::kUnavailable,
          "http.worker_queue_max",
          "too many requests wait for a worker (worker_queue_max); try again",
          {}},
         503);
}

void Session::on_response(HttpResponse response) {
  if (!thread_.is_current()) {
    thread_.post([self = shared_from_this(), moved = std::make_shared<HttpResponse>(std::move(response))] {
      self->on_response(std::move(*moved));
    });
    return;
  }
  is_job_pending_ = false;
  if (state_ == State::kClosed) return release();
  response_ = std::move(response);
  state_ = State::kRespond;
  run();
}

void Session::compress(HttpResponse& response) {
  is_compressed_ = true;
  coding_ = {};
  if (response.stream || stream_ || response.body.size() < limits_.compression_bytes_min ||
      !is_text(response.content_type))
    return;
  const std::string_view accepted = request_.header("accept-encoding");
  if (accepted.empty()) return;
  const ContentCoding coding = choose_coding(accepted);
  if (coding == ContentCoding::kIdentity) return;
  if (auto small = deflate(response.body, coding)) {
    response.body = std::move(*small);
    coding_ = to_string(coding);
  }
}

bool Session::step_respond() {
  if (response_.stream) begin_stream();
  if (!is_compressed_) compress(response_);
  const bool keeps_alive =
      head_.keeps_alive && !must_close_ && !thread_.server.is_draining.load(std::memory_order_relaxed);
  must_close_ = !keeps_alive;
  ResponseFraming framing;
  framing.content_length = stream_ ? stream_->left_bytes() : response_.body.size();
  framing.keeps_alive = keeps_alive;
  framing.content_encoding = coding_;
  framing.date = thread_.date;
  write_response_head(response_, request_.request_id, framing, response_head_);
  const bool has_body = request_.method != Method::kHead && response_.status != 204 && response_.status != 304;
  const bool is_streamed = has_body && stream_ && stream_->left_bytes() > 0;
  state_ = is_streamed ? State::kStream : State::kFinish;
  if (!is_read_pending_) body_.clear(is_streamed ? kPieceBytes : limits_.kept_body_bytes_max);
  set_deadline(limits_.write_timeout);
  const bool sends_body = has_body && !stream_;
  is_write_pending_ =
      !transport_->write(response_head_, sends_body ? std::string_view(response_.body) : std::string_view());
  return !is_write_pending_;
}

// Chooses the part that the request asks for (RFC 9110 section 14).
void Session::begin_stream() {
  StreamedBody body = *std::exchange(response_.stream, std::nullopt);
  const std::uint64_t size = body.reader->size_bytes();
  response_.headers.emplace_back("Accept-Ranges", "bytes");
  ByteRange range{ByteRange::Kind::kWhole, 0, size};
  const std::string_view only_if = request_.header("if-range");
  const bool is_wanted = request_.method == Method::kGet && response_.status == 200 &&
                         (only_if.empty() || is_strong_etag_of(response_, only_if));
  if (is_wanted) range = choose_range(request_.header("range"), size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    response_ = thread_.router.error_writer(request_.path)(
        {Code::kOutOfRange,
         "http.range",
         "the range lies outside of the body, which has " + std::to_string(size) + " bytes",
         {}},
        request_, 416);
    response_.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    return;
  }
  if (range.kind == ByteRange::Kind::kPart) {
    response_.status = 206;
    response_.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                                        std::to_string(range.first + range.length - 1) + "/" +
                                                        std::to_string(size));
  }
  stream_.emplace(std::move(body), range);
}

void Session::on_written(bool is_ok) {
  is_write_pending_ = false;
  if (state_ == State::kClosed) return release();
  if (!is_ok) return close();
  run();
}

// A thread for files reads the next piece, then it is written.
bool Session::step_stream() {
  if (body_.size() == 0) {
    read_piece(std::min<std::uint64_t>(stream_->left_bytes(), kPieceBytes));
    return false;
  }
  is_write_pending_ = !transport_->write({reinterpret_cast<const char*>(body_.data()), body_.size()}, {});
  body_.clear(kPieceBytes);  // keeps the memory, which the write may still read
  if (stream_->left_bytes() == 0) state_ = State::kFinish;
  return !is_write_pending_;
}

void Session::read_piece(std::size_t size) {
  body_.reserve(kPieceBytes);
  is_job_pending_ = true;
  [[maybe_unused]] const bool is_posted = thread_.server.files.try_post([self = shared_from_this(), size] {
    Status status = self->stream_->read(self->body_.space().first(size));
    self->thread_.post([self, size, status = std::move(status)] { self->on_piece_read(size, status); });
  });
  assert(is_posted);
}

void Session::on_piece_read(std::size_t size, const Status& status) {
  is_job_pending_ = false;
  if (state_ == State::kClosed) return release();
  if (!status) {  // the length is announced: cutting the connection is the only honest end
    log::error("http.body_cut", {{"request_id", request_.request_id},
                                 {"path", request_.path},
                                 {"reason", status.error().reason},
                                 {"message", status.error().message}});
    return close();
  }
  body_.added(size);
  set_deadline(limits_.write_timeout);
  run();
}

}  // namespace slipway

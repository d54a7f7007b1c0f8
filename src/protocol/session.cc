#include "protocol/session.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <exception>

#include "protocol/response_head.h"

namespace slipway {
namespace {

constexpr std::size_t kRawBytes = 16 * 1024;     // room for body bytes behind the largest head
constexpr std::size_t kPieceBytes = 256 * 1024;  // of a spooled or file body in memory

bool is_text(std::string_view content_type) noexcept {
  return content_type.starts_with("application/json") || content_type.starts_with("text/") ||
         content_type.starts_with("application/javascript") || content_type.starts_with("image/svg") ||
         content_type.starts_with("application/openmetrics-text");
}

}  // namespace

Session::Session(ThreadContext& thread, std::unique_ptr<Transport> transport, std::string remote)
    : thread_(thread),
      limits_(thread.server.options.limits),
      transport_(std::move(transport)),
      remote_(std::move(remote)) {
  transport_->attach(*this);
  buffer_.reserve(limits_.header_bytes_max + kRawBytes);
  request_.remote = remote_;
  request_.executor = thread_.executor;
}

Session::~Session() = default;

void Session::start() {
  set_deadline(limits_.header_timeout);
  transport_->begin();
}

void Session::on_ready(bool is_ok) {
  if (state_ == State::kClosed) return;
  if (!is_ok) return close();
  state_ = State::kHead;
  set_deadline(limits_.idle_timeout);
  run();
}

void Session::run() {
  if (is_running_) return;
  const std::shared_ptr<Session> keep = shared_from_this();
  is_running_ = true;
  while (step()) {
  }
  is_running_ = false;
}

// True: there is more to do now. False: something that was begun will call run() again.
bool Session::step() {
  if (is_write_pending_ || is_job_pending_) return false;
  switch (state_) {
    case State::kHead:
      return step_head();
    case State::kBody:
      return step_body();
    case State::kDispatch:
      return step_dispatch();
    case State::kHandling:
      return false;
    case State::kRespond:
      return step_respond();
    case State::kFile:
      return step_file();
    case State::kFinish:
      return step_finish();
    case State::kLinger:
      linger();
      return false;
    case State::kHandshake:
    case State::kClosed:
      break;
  }
  return false;
}

std::span<char> Session::unread() noexcept {
  return {reinterpret_cast<char*>(buffer_.data()) + raw_begin_, buffer_.size() - raw_begin_};
}

bool Session::step_head() {
  if (is_read_pending_) return false;
  if (buffer_.size() > 0) {
    const bool is_new = scanned_ == 0;
    auto parsed = parse_head(unread(), limits_, scanned_, head_);
    if (!parsed || *parsed) {
      request_.received = std::chrono::steady_clock::now();
      request_.request_id = Id::make();
      if (parsed) return begin_request();
      must_close_ = true;
      reset_request();
      return refuse(parsed.error());
    }
    if (is_new) set_deadline(limits_.header_timeout);
  }
  read_raw();
  return false;
}

void Session::read_raw() {
  is_read_pending_ = true;
  is_read_direct_ = false;
  transport_->read(buffer_.space());
}

void Session::on_read(std::size_t bytes) {
  is_read_pending_ = false;
  if (state_ == State::kClosed) return;
  if (bytes == 0) return on_end();
  if (state_ == State::kHead) {
    buffer_.added(bytes);
  } else if (state_ == State::kBody) {
    if (is_read_direct_) {
      intake_.received_direct(bytes);
    } else {
      buffer_.added(bytes);
    }
  }  // else: bytes behind a refused request, not wanted
  run();
}

// The client sends no more, but may still listen.
void Session::on_end() {
  const bool is_head_cut = state_ == State::kHead && buffer_.size() > 0;
  if (!is_head_cut && state_ != State::kBody) return close();
  must_close_ = true;
  if (is_head_cut) {
    request_.received = std::chrono::steady_clock::now();
    request_.request_id = Id::make();
    reset_request();
  }
  refuse({Code::kInvalidArgument,
          "http.truncated",
          std::string("the connection ended inside the ") + (is_head_cut ? "headers" : "body") + " of a request",
          {}},
         400);
  run();
}

bool Session::step_body() {
  if (is_read_pending_) return false;
  const std::size_t out_max = is_spooling_ ? kPieceBytes : std::numeric_limits<std::size_t>::max();
  const std::span<char> raw = unread();
  auto used = intake_.feed({raw.data(), raw.size()}, out_max, limits_);
  if (!used) {
    must_close_ = true;
    return refuse(used.error());
  }
  raw_begin_ += *used;
  const bool is_last = intake_.is_complete() && (body_.size() > 0 || spool_.path().empty());  // an empty body is a file
  if (is_spooling_ && (body_.size() >= kPieceBytes || is_last)) {
    write_piece();
    return false;
  }
  if (intake_.is_complete()) return complete_body();
  if (*used < raw.size()) return true;
  buffer_.truncate(head_.size_bytes);
  raw_begin_ = head_.size_bytes;
  const std::span<std::byte> direct = intake_.direct_space(is_spooling_ ? kPieceBytes - body_.size() : out_max);
  if (direct.empty()) {
    read_raw();
  } else {
    is_read_pending_ = is_read_direct_ = true;
    transport_->read(direct);
  }
  return false;
}

bool Session::complete_body() {
  if (is_spooling_) {
    request_.body_file = spool_.path();
  } else {
    request_.body = body_.view();
  }
  state_ = State::kDispatch;
  return true;
}

// The file thread writes the piece; the connection reads on when it is done.
void Session::write_piece() {
  is_job_pending_ = true;
  [[maybe_unused]] const bool is_posted = thread_.server.files.try_post([self = shared_from_this()] {
    Status status = self->spool_.append(self->thread_.server.options.spool_directory, self->body_.view());
    self->thread_.post([self, status = std::move(status)]() mutable { self->on_piece_written(std::move(status)); });
  });
  assert(is_posted);
}

void Session::on_piece_written(Status status) {
  is_job_pending_ = false;
  if (state_ == State::kClosed) return release();
  body_.clear(kPieceBytes);
  if (!status) {
    must_close_ = true;
    refuse(status.error(), http_status(status.error().code));
  }
  run();
}

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
  const bool is_posted = thread_.server.workers.try_post([self = shared_from_this(), &handler] {
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
  if (response.file || response.body.size() < limits_.compression_bytes_min || !is_text(response.content_type)) return;
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
  if (!is_compressed_) compress(response_);
  const bool keeps_alive =
      head_.keeps_alive && !must_close_ && !thread_.server.is_draining.load(std::memory_order_relaxed);
  must_close_ = !keeps_alive;
  ResponseFraming framing;
  framing.content_length = response_.file ? response_.file->size_bytes : response_.body.size();
  framing.keeps_alive = keeps_alive;
  framing.content_encoding = coding_;
  framing.date = thread_.date;
  write_response_head(response_, request_.request_id, framing, response_head_);
  const bool has_body = request_.method != Method::kHead && response_.status != 204 && response_.status != 304;
  file_left_ = response_.file && has_body ? response_.file->size_bytes : 0;
  state_ = file_left_ > 0 ? State::kFile : State::kFinish;
  if (!is_read_pending_) body_.clear(file_left_ > 0 ? kPieceBytes : limits_.kept_body_bytes_max);
  set_deadline(limits_.write_timeout);
  const bool sends_body = has_body && !response_.file;
  is_write_pending_ =
      !transport_->write(response_head_, sends_body ? std::string_view(response_.body) : std::string_view());
  return !is_write_pending_;
}

void Session::on_written(bool is_ok) {
  is_write_pending_ = false;
  if (state_ == State::kClosed) return release();
  if (!is_ok) return close();
  run();
}

// The file thread reads the next piece, then it is written.
bool Session::step_file() {
  if (body_.size() > 0) {
    file_left_ -= body_.size();
    is_write_pending_ = !transport_->write({reinterpret_cast<const char*>(body_.data()), body_.size()}, {});
    body_.clear(kPieceBytes);  // keeps the memory, which the write may still read
    if (file_left_ == 0) state_ = State::kFinish;
    return !is_write_pending_;
  }
  const std::size_t size = std::min<std::uint64_t>(file_left_, kPieceBytes);
  body_.reserve(size);
  is_job_pending_ = true;
  [[maybe_unused]] const bool is_posted = thread_.server.files.try_post([self = shared_from_this(), size] {
    Status status = self->source_.read(self->response_.file->path, self->body_.space().first(size));
    self->thread_.post([self, size, is_ok = status.has_value()] {
      self->is_job_pending_ = false;
      if (self->state_ == State::kClosed) return self->release();
      if (!is_ok) return self->close();  // the length is announced: cutting the connection is the only honest end
      self->body_.added(size);
      self->set_deadline(self->limits_.write_timeout);
      self->run();
    });
  });
  assert(is_posted);
  return false;
}

bool Session::step_finish() {
  release();
  source_ = SourceFile();
  if (must_close_) {
    transport_->shutdown_send();
    state_ = State::kLinger;
    set_deadline(limits_.linger_timeout);
    return true;
  }
  const std::size_t left = buffer_.size() - raw_begin_;
  if (left > 0) std::memmove(buffer_.data(), buffer_.data() + raw_begin_, left);
  buffer_.truncate(left);
  raw_begin_ = scanned_ = 0;
  state_ = State::kHead;
  set_deadline(limits_.idle_timeout);
  return true;
}

// Reads and drops what still comes, so that the client reads the response and not a reset.
void Session::linger() {
  if (is_read_pending_) return;
  buffer_.truncate(0);
  raw_begin_ = 0;
  read_raw();
}

void Session::on_tick(Monotonic now) {
  if (is_write_pending_) {
    const std::uint64_t written = transport_->bytes_written();
    if (std::exchange(written_at_last_tick_, written) != written) set_deadline(limits_.write_timeout);
  }
  if (state_ == State::kBody && now >= deadline_) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - body_started_).count();
    const auto wanted = static_cast<std::uint64_t>(seconds) * limits_.body_bytes_per_second_min;
    if (intake_.decoded_bytes() >= wanted) return;
  }
  if (now < deadline_ || is_job_pending_) return;
  const bool has_begun = (state_ == State::kHead && buffer_.size() > 0) || state_ == State::kBody;
  if (!has_begun || is_write_pending_) return close();
  must_close_ = true;
  if (state_ == State::kHead) {
    request_.received = now;
    request_.request_id = Id::make();
    reset_request();
  }
  refuse({Code::kDeadlineExceeded,
          "http.timeout",
          "the request did not arrive in time (header_timeout, body_timeout)",
          {}},
         408);
  run();
}

void Session::drain() {
  if (state_ == State::kHead && buffer_.size() == 0) close();
}

void Session::abort() { close(); }

void Session::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  const std::shared_ptr<Session> keep = shared_from_this();
  transport_->close();
  if (!is_job_pending_) release();
  thread_.on_closed(*this);
}

void Session::set_deadline(std::chrono::milliseconds from_now) {
  deadline_ = std::chrono::steady_clock::now() + from_now;
}

}  // namespace slipway

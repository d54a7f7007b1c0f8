#include "protocol/session.h"

#include <cstring>
namespace slipway {
namespace {

constexpr std::size_t kRawBytes = 16 * 1024;  // room for body bytes behind the largest head

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
    case State::kStream:
      return step_stream();
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

bool Session::step_finish() {
  release();
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

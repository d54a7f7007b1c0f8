// The body of a request: off the wire, into memory or to a file.
#include <cassert>
#include <limits>

#include "protocol/session.h"

namespace slipway {

bool Session::step_body() {
  if (is_read_pending_) return false;
  const std::size_t out_max = is_spooling_ ? kPieceBytes : body_.size() + kPieceBytes;
  const std::span<char> raw = unread();
  auto used = intake_.feed({raw.data(), raw.size()}, out_max, limits_);
  if (!used) {
    must_close_ = true;
    return refuse(used.error());
  }
  raw_begin_ += *used;
  if (is_spooling_) {
    const bool is_last =
        intake_.is_complete() && (body_.size() > 0 || spool_.path().empty());  // an empty body is a file
    if (body_.size() >= kPieceBytes || is_last) {
      write_piece();
      return false;
    }
  } else if (!reserve(body_.size())) {
    must_close_ = true;
    return true;
  }
  if (intake_.is_complete()) return complete_body();
  if (*used < raw.size() || body_.size() >= out_max) return true;
  buffer_.truncate(head_.size_bytes);
  raw_begin_ = head_.size_bytes;
  const std::size_t piece_max = is_spooling_ ? kPieceBytes - body_.size() : std::numeric_limits<std::size_t>::max();
  receive_body(intake_.direct_space(piece_max));
  return false;
}

void Session::receive_body(std::span<std::byte> direct) {
  if (direct.empty()) return read_raw();
  is_read_pending_ = is_read_direct_ = true;
  transport_->read(direct);
}

bool Session::complete_body() {
  if (is_spooling_) {
    request_.body_file = spool_.path();
    request_.body_digest = spool_.finish();
  } else {
    request_.body = body_.view();
  }
  state_ = State::kDispatch;
  return true;
}

// A thread for files writes the piece; the connection reads on when it is done.
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

}  // namespace slipway

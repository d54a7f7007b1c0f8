// One connection: reads a request, hands it to its handler, writes the response, and so on; in order, one at a time.
//
// Lives on its I/O thread; only handlers on worker threads touch its request elsewhere, while it waits for them.
// Nothing is read ahead of the running request but what its last read brought, so a fast sender waits in the kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/body_intake.h"
#include "protocol/body_stream.h"
#include "protocol/http_head.h"
#include "protocol/padded_buffer.h"
#include "protocol/spool.h"
#include "protocol/thread_context.h"
#include "protocol/transport.h"

namespace slipway {

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(ThreadContext& thread, std::unique_ptr<Transport> transport, std::string remote);
  ~Session();

  void start();
  void on_tick(Monotonic now);  // enforces the time limits
  void drain();                 // closes now when idle, else after the current response
  void abort();                 // closes now; a running handler finishes into the void

  // From the transport.
  void on_ready(bool is_ok);
  void on_read(std::size_t bytes);  // 0: the client closed, or the connection broke
  void on_written(bool is_ok);

 private:
  enum class State : std::uint8_t {
    kHandshake,
    kHead,
    kBody,
    kDispatch,
    kHandling,
    kRespond,
    kStream,
    kFinish,
    kLinger,
    kClosed
  };

  static constexpr std::size_t kPieceBytes = 256 * 1024;  // of a spooled or streamed body in memory

  void run();
  bool step();
  bool step_head();
  bool step_finish();

  // session_request.cc: from a parsed head to a decision.
  void reset_request();
  bool begin_request();
  bool begin_body(const Route& route);
  bool refuse(const Error& error, int status);
  bool refuse(const Error& error, int status, std::string_view path);
  bool refuse(const HttpFailure& failure) { return refuse(failure.error, failure.status); }
  void answer_without_route(const Router::Match& match);
  void skip_or_close_body();
  bool acquire(const Route& route);
  void release();

  bool reserve(std::uint64_t body_bytes);

  // session_body.cc
  bool step_body();
  void receive_body(std::span<std::byte> direct);
  bool complete_body();
  void write_piece();
  void on_piece_written(Status status);

  // session_response.cc
  bool step_dispatch();
  bool step_respond();
  bool step_stream();
  void call_worker(const WorkerHandler& handler);
  void on_response(HttpResponse response);
  void compress(HttpResponse& response);
  void begin_stream();
  void read_piece(std::size_t size);
  void on_piece_read(std::size_t size, const Status& status);

  void read_raw();
  void on_end();
  void linger();
  void close();
  void set_deadline(std::chrono::milliseconds from_now);
  std::span<char> unread() noexcept;

  ThreadContext& thread_;
  const HttpLimits& limits_;
  std::unique_ptr<Transport> transport_;
  const std::string remote_;
  Monotonic deadline_ = Monotonic::max();
  Monotonic body_started_{};
  std::uint64_t written_at_last_tick_ = 0;

  PaddedBuffer buffer_;        // what came from the wire: the head, then raw bytes behind it
  std::size_t raw_begin_ = 0;  // unread bytes of buffer_: [raw_begin_, buffer_.size())
  std::size_t scanned_ = 0;
  RequestHead head_;
  HttpRequest request_;
  BodyIntake intake_;
  PaddedBuffer body_;  // decoded body, or the current piece of a spooled or streamed one
  SpoolFile spool_;
  std::optional<BodyStream> stream_;  // of the response
  std::uint64_t reserved_bytes_ = 0;  // in server.buffered_bytes
  const Route* route_ = nullptr;
  HttpResponse response_;
  std::string response_head_;
  std::string_view coding_;  // of the response

  State state_ = State::kHandshake;
  bool is_running_ = false;
  bool is_read_pending_ = false;
  bool is_read_direct_ = false;  // the pending or last read went into body_
  bool is_write_pending_ = false;
  bool is_job_pending_ = false;  // a handler, or work on the file thread
  bool has_response_ = false;
  bool is_compressed_ = false;
  bool must_close_ = false;
  bool is_counted_ = false;   // in server.in_flight
  bool is_spooling_ = false;  // counted in server.spooled_bodies
};

}  // namespace slipway

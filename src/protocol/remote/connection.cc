#include "protocol/remote/connection.h"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <sys/socket.h>

#include "base/bytes.h"
#include "outbox/target_address.h"

namespace slipway {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kHeadBytesMax = 16U << 10;
constexpr std::size_t kPadding = 64;
constexpr std::string_view kLengthHeader = "inference-header-content-length";

template <typename T>
struct Outcome {
  error_code error;
  T value{};
};

// Awaits an Asio operation that is begun with a handler of (error_code, T), or of (error_code) alone. Everything is on
// one thread, so the coroutine goes on in the handler.
template <typename T, typename Begin>
class Operation {
 public:
  explicit Operation(Begin begin) : begin_(std::move(begin)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    begin_([this, handle](error_code error, T value = T()) {
      outcome_ = {error, std::move(value)};
      handle.resume();
    });
  }
  Outcome<T> await_resume() { return std::move(outcome_); }

 private:
  Begin begin_;
  Outcome<T> outcome_;
};

template <typename T, typename Begin>
Operation<T, Begin> operation(Begin begin) {
  return Operation<T, Begin>(std::move(begin));
}

bool is_closed_by_peer(error_code error) {
  return error == asio::error::eof || error == http::error::end_of_stream || error == http::error::partial_message ||
         error == asio::error::connection_reset || error == asio::error::broken_pipe ||
         error == asio::ssl::error::stream_truncated;
}

bool is_http_error(error_code error) {
  return error.category() == http::make_error_code(http::error::bad_version).category();
}

std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

RemoteConnection::RemoteConnection(asio::io_context& context, asio::ssl::context* tls, const RemoteOrigin& origin)
    : origin_(origin), resolver_(context), socket_(context) {
  if (tls != nullptr) tls_.emplace(socket_, *tls);
}

tl::unexpected<Error> RemoteConnection::unreachable(const std::string& what) const {
  return fail(Code::kUnavailable, "remote.unreachable", "the remote " + origin_.authority() + " " + what);
}

void RemoteConnection::close() noexcept {
  is_closed_ = true;
  is_reusable_ = false;
  resolver_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

bool RemoteConnection::is_still_open() noexcept {
  char byte = 0;
  const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return tls_.has_value();  // a session ticket; plain HTTP has nothing to say
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

Task<Status> RemoteConnection::connect() {
  using asio::ip::tcp;
  auto resolving = operation<tcp::resolver::results_type>([this](auto handler) {
    resolver_.async_resolve(origin_.host, std::to_string(origin_.port), std::move(handler));
  });
  auto resolved = co_await resolving;
  if (is_closed_) co_return unreachable("was given up while it was looked up");
  if (resolved.error) co_return unreachable("has no address: " + resolved.error.message());

  std::string failures;
  for (const auto& entry : resolved.value) {
    const tcp::endpoint endpoint = entry.endpoint();
    if (!is_allowed(scope_of(*endpoint.data()), true)) {
      failures += (failures.empty() ? "" : "; ") + endpoint.address().to_string() + " is an address that no server has";
      continue;
    }
    error_code ignored;
    socket_.close(ignored);
    auto connecting = operation<int>([&](auto handler) { socket_.async_connect(endpoint, std::move(handler)); });
    const error_code error = (co_await connecting).error;
    if (is_closed_) co_return unreachable("was given up while connecting");
    if (error) {
      failures += (failures.empty() ? "" : "; ") + endpoint.address().to_string() + ": " + error.message();
      continue;
    }
    socket_.set_option(tcp::no_delay(true), ignored);
    failures.clear();
    break;
  }
  if (!failures.empty() || resolved.value.empty()) co_return unreachable("accepts no connection: " + failures);
  if (!tls_) co_return Status();

  error_code error;
  // RFC 6066 section 3: names only, no addresses.
  if (asio::ip::make_address(origin_.host, error); error) {
    SSL_set_tlsext_host_name(tls_->native_handle(), origin_.host.c_str());
  }
  tls_->set_verify_mode(asio::ssl::verify_peer, error);
  if (!error) tls_->set_verify_callback(asio::ssl::host_name_verification(origin_.host), error);
  if (error) co_return unreachable("cannot be verified: " + error.message());
  auto shaking = operation<int>(
      [this](auto handler) { tls_->async_handshake(asio::ssl::stream_base::client, std::move(handler)); });
  const error_code shaken = (co_await shaking).error;
  if (shaken) {
    const long verified = SSL_get_verify_result(tls_->native_handle());
    co_return unreachable("has no TLS that can be trusted: " +
                          (verified != X509_V_OK ? X509_verify_cert_error_string(verified) : shaken.message()));
  }
  co_return Status();
}

template <typename Stream>
Task<Result<RemoteReply>> RemoteConnection::exchange_over(Stream& stream, const RemoteRequest& request,
                                                          std::uint64_t answer_bytes_max,
                                                          const std::function<void()>& on_first_byte) {
  const std::array<asio::const_buffer, 2> parts = {asio::buffer(request.head), asio::buffer(request.body)};
  auto writing = operation<std::size_t>([&](auto handler) { asio::async_write(stream, parts, std::move(handler)); });
  const Outcome<std::size_t> sent = co_await writing;
  const error_code written = sent.error;
  // One that answers before it has read everything, and hangs up, may still have said why.

  http::response_parser<http::string_body> parser;
  parser.header_limit(kHeadBytesMax);
  parser.body_limit(answer_bytes_max);
  auto reading_head = operation<std::size_t>(
      [&](auto handler) { http::async_read_header(stream, buffer_, parser, std::move(handler)); });
  const Outcome<std::size_t> head = co_await reading_head;
  error_code error = head.error;
  has_received_ = parser.got_some() || buffer_.size() > 0;
  if (!error) {
    on_first_byte();
    auto reading =
        operation<std::size_t>([&](auto handler) { http::async_read(stream, buffer_, parser, std::move(handler)); });
    const Outcome<std::size_t> rest = co_await reading;
    error = rest.error;
  }
  if (error == http::error::body_limit) {
    co_return fail(
        Code::kInternal, "remote.answer",
        "the remote " + origin_.authority() + " answers with more than " + std::to_string(answer_bytes_max) + " bytes");
  }
  if (is_closed_by_peer(error) || (error && written)) {
    co_return unreachable(has_received_ ? "closed the connection before its answer was complete"
                                        : "closed the connection before it answered");
  }
  if (is_http_error(error)) {
    co_return fail(Code::kInternal, "remote.answer",
                   "the remote " + origin_.authority() + " does not answer with HTTP/1.1: " + error.message());
  }
  if (error) co_return unreachable("cannot be read from: " + error.message());

  auto& message = parser.get();
  if (const auto coding = message.find(http::field::content_encoding); coding != message.end()) {
    co_return fail(Code::kInternal, "remote.answer",
                   "the remote " + origin_.authority() + " answers with the content coding " +
                       quoted(text_of(coding->value())) + ", which was not asked for");
  }
  RemoteReply reply;
  reply.status = static_cast<int>(message.result_int());
  if (const auto length = message.find(kLengthHeader); length != message.end())
    reply.json_length = text_of(length->value());
  is_reusable_ = !written && parser.keep_alive() && buffer_.size() == 0;
  reply.body = std::move(message.body());
  reply.body.reserve(reply.body.size() + kPadding);
  co_return reply;
}

Task<Result<RemoteReply>> RemoteConnection::exchange(const RemoteRequest& request, std::uint64_t answer_bytes_max,
                                                     std::function<void()> on_first_byte) {
  is_reusable_ = false;
  has_received_ = false;
  if (tls_) co_return co_await exchange_over(*tls_, request, answer_bytes_max, on_first_byte);
  co_return co_await exchange_over(socket_, request, answer_bytes_max, on_first_byte);
}

}  // namespace slipway

// One HTTP/1.1 connection to a remote, plain or TLS. Used on the client's thread only. Private to this folder (Asio is
// in here).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "protocol/remote/client.h"

namespace slipway {

class RemoteConnection : public std::enable_shared_from_this<RemoteConnection> {
 public:
  // `tls`: null for a plain one.
  RemoteConnection(boost::asio::io_context& context, boost::asio::ssl::context* tls, const RemoteOrigin& origin);

  // Resolves, connects, shakes hands. unavailable "remote.unreachable".
  Task<Status> connect();
  // `on_first_byte` is called when the answer's head is there. unavailable "remote.unreachable" when the connection
  // breaks; internal "remote.answer" for what is not HTTP or too large.
  Task<Result<RemoteReply>> exchange(const RemoteRequest& request, std::uint64_t answer_bytes_max,
                                     std::function<void()> on_first_byte);

  // What waits ends with an error.
  void close() noexcept;

  bool is_reusable() const noexcept { return is_reusable_; }
  bool has_received() const noexcept { return has_received_; }  // of the last exchange: anything
  bool is_still_open() noexcept;                                // while idle: the remote has neither closed nor spoken
  Monotonic idle_since{};

 private:
  template <typename Stream>
  Task<Result<RemoteReply>> exchange_over(Stream& stream, const RemoteRequest& request, std::uint64_t answer_bytes_max,
                                          const std::function<void()>& on_first_byte);
  tl::unexpected<Error> unreachable(const std::string& what) const;

  const RemoteOrigin origin_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  boost::beast::flat_buffer buffer_;
  bool is_reusable_ = false;
  bool has_received_ = false;
  bool is_closed_ = false;
};

}  // namespace slipway

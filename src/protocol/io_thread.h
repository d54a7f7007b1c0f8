// One I/O thread: its event loop, its listening socket, its connections. Private to the server (Asio is in here).
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "protocol/session.h"
#include "protocol/thread_context.h"

namespace slipway {

namespace asio = boost::asio;
// The executor is named, not erased: any_io_executor costs an eighth of the throughput.
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

std::unique_ptr<Transport> make_tcp_transport(TcpSocket socket);
std::unique_ptr<Transport> make_tls_transport(TcpSocket socket, asio::ssl::context& tls);

class IoThread final : public Executor {
 public:
  IoThread(ServerState& server, unsigned index, Router router, asio::ssl::context* tls);
  ~IoThread() override;

  // Port 0 takes a free one; the port in use is returned.
  Result<std::uint16_t> listen(std::uint16_t port, bool is_first);
  void start();
  void begin_drain();
  void abort_connections();
  bool wait_until_empty(Monotonic deadline);  // of connections
  void stop();                                // after the last suspended handler has returned

  void post(std::coroutine_handle<> handle) override;  // Executor
  void post(std::function<void()> work);

 private:
  void accept();
  void accept_waiting();
  void on_accepted(TcpSocket socket);
  void refuse(TcpSocket& socket, std::string_view reason);
  void tick();
  void on_closed(Session& session);

  asio::io_context context_{1};
  TcpAcceptor acceptor_{context_};
  Timer timer_{context_};
  Timer retry_{context_};
  ServerState& server_;
  asio::ssl::context* tls_;
  ThreadContext thread_;
  struct Connection {
    std::shared_ptr<Session> session;
    AddressBytes address{};
  };
  std::unordered_map<Session*, Connection> sessions_;
  Monotonic next_second_{};
  std::thread runner_;

  std::mutex mutex_;
  std::condition_variable is_empty_changed_;
  bool is_empty_ = true;
};

}  // namespace slipway

#include "protocol/io_thread.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include "base/clock.h"
#include "protocol/response_head.h"

namespace slipway {
namespace {

using boost::system::error_code;

constexpr int kBacklog = 4096;
constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kAcceptRetry{100};  // after running out of descriptors
// libstdc++ and Asio have no name for it.
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

thread_local const IoThread* current_thread = nullptr;

AddressBytes bytes_of(const asio::ip::address& address) {
  return address.is_v6() ? address.to_v6().to_bytes()
                         : asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
}

error_code bind_to(TcpAcceptor& acceptor, const asio::ip::tcp::endpoint& endpoint, bool shares_port) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && shares_port) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  return error;
}

}  // namespace

IoThread::IoThread(ServerState& server, unsigned index, Router router, asio::ssl::context* tls)
    : server_(server),
      tls_(tls),
      thread_{.server = server,
              .index = index,
              .router = std::move(router),
              .executor = this,
              .post = {},
              .is_current = {},
              .on_closed = {},
              .date = {}} {
  thread_.post = [this](std::function<void()> work) { post(std::move(work)); };
  thread_.is_current = [this] { return current_thread == this; };
  thread_.on_closed = [this](Session& session) { on_closed(session); };
  thread_.date = format_http_date(system_clock().now());
}

IoThread::~IoThread() { stop(); }

Result<std::uint16_t> IoThread::listen(std::uint16_t port, bool is_first) {
  error_code error;
  const auto address = asio::ip::make_address(server_.options.address, error);
  if (error) {
    return fail(Code::kInvalidArgument, "http.bad_address",
                "the address to listen on, " + server_.options.address + ", is not an IPv4 or IPv6 address");
  }
  const asio::ip::tcp::endpoint endpoint(address, port);
  if (is_first) {
    // The kernel would let another server of the same user share the port and split the clients between the two. A
    // socket that does not share finds that out.
    TcpAcceptor alone(context_);
    error = bind_to(alone, endpoint, false);
  }
  if (!error) error = bind_to(acceptor_, endpoint, true);
  if (!error) acceptor_.non_blocking(true, error);
  if (error) {
    return fail(
        Code::kUnavailable, "http.cannot_listen",
        "cannot listen on " + server_.options.address + " port " + std::to_string(port) + ": " + error.message());
  }
  return acceptor_.local_endpoint(error).port();
}

void IoThread::start() {
  runner_ = std::thread([this] {
    current_thread = this;
    accept();
    tick();
    context_.run();
  });
}

void IoThread::stop() {
  context_.stop();
  if (runner_.joinable()) runner_.join();
}

void IoThread::post(std::coroutine_handle<> handle) {
  asio::post(context_, [handle] { handle.resume(); });
}

void IoThread::post(std::function<void()> work) { asio::post(context_, std::move(work)); }

void IoThread::accept() {
  acceptor_.async_wait(asio::socket_base::wait_read, [this](error_code error) {
    if (error) return;
    accept_waiting();
    if (acceptor_.is_open()) accept();
  });
}

void IoThread::accept_waiting() {
  while (true) {
    error_code error;
    TcpSocket socket(context_);
    acceptor_.accept(socket, error);
    if (!error) {
      on_accepted(std::move(socket));
      continue;
    }
    if (error == asio::error::connection_aborted || error == asio::error::interrupted) continue;
    if (error == asio::error::would_block || error == asio::error::try_again) return;
    // Out of descriptors or memory: the level-triggered wait would spin, so look again a little later.
    retry_.expires_after(kAcceptRetry);
    retry_.async_wait([this](error_code cancelled) {
      if (!cancelled && acceptor_.is_open()) accept_waiting();
    });
    return;
  }
}

void IoThread::on_accepted(TcpSocket socket) {
  error_code error;
  socket.non_blocking(true, error);
  const auto peer = socket.remote_endpoint(error);
  if (error) return;  // gone by now
  if (server_.connections.fetch_add(1, std::memory_order_relaxed) >= server_.options.limits.connections_max) {
    server_.connections.fetch_sub(1, std::memory_order_relaxed);
    return refuse(socket, "http.connections_max");
  }
  const AddressBytes address = bytes_of(peer.address());
  if (!server_.addresses.take(address)) {
    server_.connections.fetch_sub(1, std::memory_order_relaxed);
    return refuse(socket, "http.connections_per_address_max");
  }
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  std::string remote = peer.address().to_string() + ":" + std::to_string(peer.port());
  auto transport =
      tls_ != nullptr ? make_tls_transport(std::move(socket), *tls_) : make_tcp_transport(std::move(socket));
  auto session = std::make_shared<Session>(thread_, std::move(transport), std::move(remote));
  Session& started = *session;
  sessions_.emplace(&started, Connection{std::move(session), address});
  {
    std::lock_guard lock(mutex_);
    is_empty_ = false;
  }
  started.start();
}

// Without a session: a client over the limit costs one write.
void IoThread::refuse(TcpSocket& socket, std::string_view reason) {
  error_code error;
  if (tls_ == nullptr) {
    const std::string limit(reason.substr(reason.find('.') + 1));
    const std::string body = "{\"error\":\"too many connections (" + limit +
                             "); try again\",\"code\":\"unavailable\",\"reason\":\"" + std::string(reason) + "\"}";
    const std::string response =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\nRetry-After: 1\r\nConnection: close\r\n\r\n" + body;
    socket.write_some(asio::buffer(response), error);
  }
  socket.shutdown(asio::socket_base::shutdown_send, error);
}

void IoThread::on_closed(Session& session) {
  server_.connections.fetch_sub(1, std::memory_order_relaxed);
  if (const auto found = sessions_.find(&session); found != sessions_.end()) {
    server_.addresses.give_back(found->second.address);
    sessions_.erase(found);
  }
  if (!sessions_.empty()) return;
  std::lock_guard lock(mutex_);
  is_empty_ = true;
  is_empty_changed_.notify_all();
}

void IoThread::tick() {
  const Monotonic now = std::chrono::steady_clock::now();
  if (now >= next_second_) {
    next_second_ = now + std::chrono::seconds(1);
    thread_.date = format_http_date(system_clock().now());
    if (server_.options.on_second) server_.options.on_second(thread_.index);
  }
  std::vector<std::shared_ptr<Session>> all;  // a tick may close sessions
  all.reserve(sessions_.size());
  for (const auto& [key, connection] : sessions_) all.push_back(connection.session);
  for (const auto& session : all) session->on_tick(now);
  timer_.expires_after(kTick);
  timer_.async_wait([this](error_code error) {
    if (!error) tick();
  });
}

void IoThread::begin_drain() {
  post([this] {
    accept_waiting();  // what the kernel has already accepted would be reset otherwise
    error_code error;
    acceptor_.close(error);
    std::vector<std::shared_ptr<Session>> all;
    for (const auto& [key, connection] : sessions_) all.push_back(connection.session);
    for (const auto& session : all) session->drain();
  });
}

void IoThread::abort_connections() {
  post([this] {
    error_code error;
    acceptor_.close(error);
    std::vector<std::shared_ptr<Session>> all;
    for (const auto& [key, connection] : sessions_) all.push_back(connection.session);
    for (const auto& session : all) session->abort();
  });
}

bool IoThread::wait_until_empty(Monotonic deadline) {
  // Behind everything that was posted before: the drain itself, and connections it has accepted.
  auto is_reached = std::make_shared<bool>(false);
  post([this, is_reached] {
    std::lock_guard lock(mutex_);
    *is_reached = true;
    is_empty_changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  return is_empty_changed_.wait_until(lock, deadline, [&] { return *is_reached && is_empty_; });
}

}  // namespace slipway

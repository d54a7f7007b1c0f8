#include "protocol/http_server.h"

#include <openssl/ssl.h>

#include "protocol/io_thread.h"

namespace slipway {
namespace {

Result<std::unique_ptr<asio::ssl::context>> load_tls(const TlsFiles& files) {
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  boost::system::error_code error;
  tls->set_options(asio::ssl::context::no_compression | asio::ssl::context::single_dh_use, error);
  tls->use_certificate_chain_file(files.certificate_chain, error);
  if (error) {
    return fail(Code::kInvalidArgument, "tls.certificate",
                "cannot use the certificate chain " + files.certificate_chain + ": " + error.message());
  }
  tls->use_private_key_file(files.private_key, asio::ssl::context::pem, error);
  if (error) {
    return fail(Code::kInvalidArgument, "tls.private_key",
                "cannot use the private key " + files.private_key + " with the certificate: " + error.message());
  }
  return tls;
}

}  // namespace

Status check_transport_security(const HttpServerOptions& options) {
  if (options.tls || options.has_trusted_proxy) return {};
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error || address.is_loopback()) return {};  // what is no address fails in listen()
  return fail(
      Code::kFailedPrecondition, "http.plain_off_loopback",
      "refusing to listen on " + options.address +
          " without TLS: keys and data would cross the network in clear. "
          "Either set tls.certificate_chain and tls.private_key, or set trusted_proxy if a proxy in front ends TLS");
}

struct HttpServer::State {
  explicit State(HttpServerOptions options) : server(std::move(options)) {}
  ServerState server;
  std::unique_ptr<asio::ssl::context> tls;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::uint16_t port = 0;
  bool is_started = false;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(HttpServerOptions options,
                                                       const std::function<Router(unsigned thread)>& make_router) {
  SLIPWAY_CHECK(check_transport_security(options));
  const unsigned io_threads = std::max(1U, options.io_threads);
  auto state = std::make_unique<State>(std::move(options));
  state->port = state->server.options.port;
  if (state->server.options.tls) {
    SLIPWAY_TRY(state->tls, load_tls(*state->server.options.tls));
  }
  for (unsigned index = 0; index < io_threads; ++index) {
    auto thread = std::make_unique<IoThread>(state->server, index, make_router(index), state->tls.get());
    SLIPWAY_TRY(state->port, thread->listen(state->port, index == 0));
    state->threads.push_back(std::move(thread));
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

std::uint16_t HttpServer::port() const noexcept { return state_->port; }
std::size_t HttpServer::connections() const noexcept {
  return state_->server.connections.load(std::memory_order_relaxed);
}
std::size_t HttpServer::in_flight() const noexcept { return state_->server.in_flight.load(std::memory_order_relaxed); }

void HttpServer::start() {
  if (std::exchange(state_->is_started, true)) return;
  for (auto& thread : state_->threads) thread->start();
}

bool HttpServer::drain(std::chrono::milliseconds timeout) {
  if (!state_->is_started) return true;
  state_->server.is_draining.store(true, std::memory_order_relaxed);
  const Monotonic deadline = std::chrono::steady_clock::now() + timeout;
  for (auto& thread : state_->threads) thread->begin_drain();
  bool is_clean = true;
  for (auto& thread : state_->threads) is_clean = thread->wait_until_empty(deadline) && is_clean;
  for (auto& thread : state_->threads) thread->abort_connections();
  return is_clean;
}

HttpServer::~HttpServer() {
  if (!state_ || !state_->is_started) return;
  state_->server.is_draining.store(true, std::memory_order_relaxed);
  for (auto& thread : state_->threads) thread->abort_connections();
  for (auto& thread : state_->threads) thread->wait_until_empty(Monotonic::max());
  // Handlers of closed connections still count as in flight until they return.
  while (in_flight() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  // A worker may be the last to let go of a connection, whose socket needs its event loop.
  state_->server.quick.stop();
  state_->server.heavy.stop();
  state_->server.files.stop();
  for (auto& thread : state_->threads) thread->stop();
}

}  // namespace slipway

#include "protocol/grpc/grpc_server.h"

#include <algorithm>
#include <fstream>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <limits>
#include <sstream>
#include <vector>

#include "protocol/grpc/grpc_thread.h"

namespace slipway {
namespace {

Result<std::string> read_file(const std::string& path, std::string_view reason) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) return fail(Code::kInvalidArgument, reason, "cannot read " + path);
  return std::move(text).str();
}

Result<std::shared_ptr<grpc::ServerCredentials>> credentials(const std::optional<TlsFiles>& files) {
  if (!files) return grpc::InsecureServerCredentials();
  SLIPWAY_TRY(std::string chain, read_file(files->certificate_chain, "tls.certificate"));
  SLIPWAY_TRY(std::string key, read_file(files->private_key, "tls.private_key"));
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({std::move(key), std::move(chain)});
  return grpc::SslServerCredentials(options);
}

std::string target(const GrpcServerOptions& options) {
  const bool is_ipv6 = options.address.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + options.address + "]" : options.address) + ":" + std::to_string(options.port);
}

int as_limit(std::uint64_t bytes) {
  return static_cast<int>(std::min<std::uint64_t>(bytes, std::numeric_limits<int>::max()));
}

constexpr int kPingIntervalMin_ms = 1'000;  // clients keep connections alive with pings; a faster one is a flood

}  // namespace

struct GrpcServer::State {
  explicit State(GrpcServerOptions options) : shared(std::move(options)) {}
  GrpcShared shared;
  std::vector<std::unique_ptr<GrpcThread>> threads;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  bool is_started = false;
};

GrpcServer::GrpcServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<GrpcServer>> GrpcServer::listen(
    GrpcServerOptions options, const std::function<GrpcThreadParts(unsigned thread)>& make_parts) {
  SLIPWAY_TRY(const auto how, credentials(options.tls));
  const unsigned threads = std::max(1U, options.threads);
  auto state = std::make_unique<State>(std::move(options));
  const GrpcServerOptions& chosen = state->shared.options;

  grpc::ServerBuilder builder;
  builder.AddListeningPort(target(chosen), how, &state->port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // another server on this port is an error, not a neighbour
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingIntervalMin_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.SetMaxReceiveMessageSize(as_limit(chosen.message_bytes_max));
  builder.SetMaxSendMessageSize(-1);
  grpc::ResourceQuota quota("slipway");
  quota.Resize(chosen.buffered_bytes_max);
  builder.SetResourceQuota(quota);
  builder.RegisterService(&state->shared.infer);
  builder.RegisterAsyncGenericService(&state->shared.generic);
  for (unsigned index = 0; index < threads; ++index) {
    state->threads.push_back(
        std::make_unique<GrpcThread>(state->shared, index, make_parts(index), builder.AddCompletionQueue()));
  }
  state->server = builder.BuildAndStart();
  if (!state->server) {
    return fail(Code::kUnavailable, "grpc.cannot_listen",
                "cannot listen on " + target(chosen) +
                    " for gRPC: the port is taken, the address is not of this machine, or the certificate and key do "
                    "not fit");
  }
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(state)));
}

std::uint16_t GrpcServer::port() const noexcept { return static_cast<std::uint16_t>(state_->port); }

std::size_t GrpcServer::in_flight() const noexcept { return state_->shared.in_flight.load(std::memory_order_relaxed); }

void GrpcServer::start() {
  if (std::exchange(state_->is_started, true)) return;
  for (auto& thread : state_->threads) thread->start();
}

bool GrpcServer::drain(std::chrono::milliseconds timeout) {
  if (!state_->is_started) return true;
  state_->shared.is_draining.store(true, std::memory_order_relaxed);
  for (auto& thread : state_->threads) thread->begin_drain();
  const auto deadline = std::chrono::system_clock::now() + timeout;
  state_->server->Shutdown(deadline);
  return std::chrono::system_clock::now() < deadline;
}

GrpcServer::~GrpcServer() {
  if (!state_ || !state_->server) return;
  state_->shared.is_draining.store(true, std::memory_order_relaxed);
  if (state_->is_started) {
    for (auto& thread : state_->threads) thread->begin_drain();
  }
  state_->server->Shutdown(std::chrono::system_clock::now());
  for (auto& thread : state_->threads) thread->stop();
  state_->shared.workers.stop();
}

}  // namespace slipway

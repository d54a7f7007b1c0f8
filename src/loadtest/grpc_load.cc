#include <algorithm>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <memory>

#include "loadtest/grpc_model.h"
#include "loadtest/pace.h"

namespace slipway::loadtest {
namespace {

using Clock = Pace::Clock;

constexpr const char* kInferMethod = "/inference.GRPCInferenceService/ModelInfer";
constexpr auto kReconnectPause = std::chrono::milliseconds(10);
constexpr auto kEndCheckEvery = std::chrono::milliseconds(50);
// gRPC waits in whole milliseconds: what is due sooner is polled for, so that an open loop is not late by itself.
constexpr auto kPollBelow = std::chrono::milliseconds(2);

// "resource_exhausted serving.overloaded"; the code alone when the trailing metadata gives no reason.
std::string error_kind(const grpc::Status& status, const grpc::ClientContext& context) {
  std::string kind(to_string(static_cast<Code>(status.error_code())));
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto reason = trailers.find("slipway-reason");
  if (reason != trailers.end())
    kind.append(" ").append(reason->second.data(), std::min<std::size_t>(80, reason->second.size()));
  return kind;
}

struct Connection {
  std::unique_ptr<grpc::GenericStub> stub;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer answer;
  grpc::Status status;
  std::optional<Pace::Sent> sent;  // what is on its way
  Clock::time_point rests_until;   // after it could not connect
};

// The connections of one thread, all on its own completion queue.
class Worker {
 public:
  Worker(Pace pace, const std::vector<Request>& requests, const LoadSettings& settings)
      : pace_(std::move(pace)), requests_(requests), settings_(settings) {
    for (const Request& request : requests) {
      const grpc::Slice slice(request.bytes);
      messages_.emplace_back(&slice, 1);
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else all channels share one connection
    arguments.SetMaxReceiveMessageSize(-1);
    for (std::size_t i = 0; i < pace_.connections(); ++i) {
      auto channel = grpc::CreateCustomChannel(grpc_target(settings.host, settings.port),
                                               grpc::InsecureChannelCredentials(), arguments);
      connections_.push_back(std::make_unique<Connection>());
      connections_.back()->stub = std::make_unique<grpc::GenericStub>(std::move(channel));
      idle_.push_back(connections_.back().get());
    }
  }

  LoadResult run() {
    Clock::time_point end_check = Clock::now();
    while (true) {
      const auto now = Clock::now();
      send_due(now);
      if (now >= end_check) {
        if (pace_.is_over(now, is_busy())) break;
        end_check = now + kEndCheckEvery;
      }
      void* tag = nullptr;
      bool is_ok = false;
      if (queue_.AsyncNext(&tag, &is_ok, wait_limit(now, end_check)) == grpc::CompletionQueue::GOT_EVENT) {
        receive(*static_cast<Connection*>(tag));
      }
    }
    std::vector<Pace::Sent> unanswered;
    for (const auto& connection : connections_) {
      if (connection->sent) unanswered.push_back(*connection->sent);
    }
    LoadResult result = pace_.finish(unanswered, Clock::now());
    close();
    return result;
  }

 private:
  bool is_busy() const {
    return std::any_of(connections_.begin(), connections_.end(),
                       [](const auto& each) { return each->sent.has_value(); });
  }

  void send_due(Clock::time_point now) {
    std::erase_if(resting_, [&](Connection* connection) {
      if (connection->rests_until > now) return false;
      idle_.push_back(connection);
      return true;
    });
    while (!idle_.empty()) {
      const auto next = pace_.next(Clock::now());
      if (!next) return;
      Connection& connection = *idle_.back();
      idle_.pop_back();
      connection.sent = next;
      send(connection);
    }
  }

  void send(Connection& connection) {
    connection.context = std::make_unique<grpc::ClientContext>();
    for (const auto& [key, value] : settings_.metadata) connection.context->AddMetadata(key, value);
    const auto index = static_cast<std::size_t>(connection.sent->request - requests_.data());
    connection.reader =
        connection.stub->PrepareUnaryCall(connection.context.get(), kInferMethod, messages_[index], &queue_);
    connection.reader->StartCall();
    connection.reader->Finish(&connection.answer, &connection.status, &connection);
  }

  void receive(Connection& connection) {
    const auto now = Clock::now();
    const Pace::Sent sent = *std::exchange(connection.sent, std::nullopt);
    if (connection.status.ok()) {
      pace_.succeed(sent, now, connection.answer.Length());
      connection.answer.Clear();
    } else if (connection.status.error_code() == grpc::StatusCode::UNAVAILABLE &&
               connection.context->GetServerTrailingMetadata().empty()) {
      pace_.lose(sent, now);
      connection.rests_until = now + kReconnectPause;
      resting_.push_back(&connection);
      return;
    } else {
      pace_.fail(sent, now, 0, error_kind(connection.status, *connection.context));
    }
    idle_.push_back(&connection);
  }

  gpr_timespec wait_limit(Clock::time_point now, Clock::time_point end_check) const {
    Clock::time_point until = end_check;
    for (const Connection* connection : resting_) until = std::min(until, connection->rests_until);
    if (const auto due = pace_.next_due(); due && !idle_.empty()) until = std::min(until, *due);
    const auto wait = until - now;
    if (wait < kPollBelow) return gpr_inf_past(GPR_CLOCK_MONOTONIC);
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                        gpr_time_from_nanos(std::chrono::nanoseconds(wait).count(), GPR_TIMESPAN));
  }

  void close() {
    for (const auto& connection : connections_) {
      if (connection->sent) connection->context->TryCancel();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    bool is_ok = false;
    while (queue_.Next(&tag, &is_ok)) {
    }
  }

  Pace pace_;
  const std::vector<Request>& requests_;
  const LoadSettings& settings_;
  std::vector<grpc::ByteBuffer> messages_;  // of the requests
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  std::vector<Connection*> resting_;
};

}  // namespace

Result<LoadResult> run_grpc_load(const std::vector<Request>& requests, const LoadSettings& settings) {
  SLIPWAY_CHECK(check(requests, settings));
  const Clock::time_point start = Clock::now();
  return run_threads(settings.threads, [&](std::size_t thread) {
    return Worker(Pace(requests, settings, thread, start), requests, settings).run();
  });
}

}  // namespace slipway::loadtest

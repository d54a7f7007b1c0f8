// One thread of the gRPC server: its completion queue and the calls it took. Private to the folder (gRPC is in here).
#pragma once

#include <atomic>
#include <coroutine>
#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/async_unary_call.h>
#include <mutex>
#include <thread>
#include <vector>

#include "protocol/grpc/completion.h"
#include "protocol/grpc/grpc_server.h"
#include "protocol/grpc/infer_calls.h"
#include "protocol/grpc/route_caller.h"

namespace slipway {

// ModelInfer alone: its message comes with the call, which saves a turn of the queue. Everything else is generic.
class ModelInferService final : public grpc::Service {
 public:
  ModelInferService();
  void request(grpc::ServerContext& context, grpc::ByteBuffer& message,
               grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>& writer, grpc::ServerCompletionQueue& queue,
               void* tag) {
    RequestAsyncUnary(0, &context, &message, &writer, &queue, &queue, tag);
  }
};

// Shared by all threads of a server.
struct GrpcShared {
  static constexpr std::size_t kWorkerQueueMax = 256;

  explicit GrpcShared(GrpcServerOptions chosen)
      : options(std::move(chosen)), workers(std::max(1U, options.worker_threads), kWorkerQueueMax) {}

  const GrpcServerOptions options;
  ModelInferService infer;
  grpc::AsyncGenericService generic;
  std::atomic<std::size_t> in_flight{0};
  std::atomic<bool> is_draining{false};
  WorkerPool workers;
};

class GrpcThread final : public Executor {
 public:
  GrpcThread(GrpcShared& shared, unsigned index, GrpcThreadParts parts,
             std::unique_ptr<grpc::ServerCompletionQueue> queue);
  ~GrpcThread() override { stop(); }

  void start();
  void begin_drain();  // calls that wait for their caller see that the server is draining
  void stop();         // after the server was shut down; returns when every call has

  void post(std::coroutine_handle<> handle) override;  // Executor

 private:
  using Stream = grpc::GenericServerAsyncReaderWriter;
  // One request: who asks, and what is counted of it.
  struct Call;
  // A slot for a call, from before it comes until after it went.
  class Slot;

  void run();
  void on_alarm();
  void resume_posted();
  void wake_waiting();
  void set_alarm();

  Task<bool> serve_infer();
  Task<bool> serve_any();
  Task<bool> serve_unary(grpc::GenericServerContext& context, Stream& stream);
  Task<bool> serve_infer_stream(grpc::GenericServerContext& context, Stream& stream, Completion& done);
  Task<bool> serve_watch(grpc::GenericServerContext& context, Stream& stream, Completion& done);
  Task<Result<std::string>> answer(std::string_view method, Call& call, const std::string& message);
  Task<Status> answer_infer(Call& call, grpc::ServerContextBase& context, std::span<const std::byte> message,
                            InferScratch& scratch);
  static void on_done(Call& call, const grpc::ServerContextBase& context);
  void end(Call& call, const Status& outcome);

  GrpcShared& shared_;
  const unsigned index_;
  GrpcThreadParts parts_;
  InferCalls infer_calls_;
  RouteCaller route_caller_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::size_t slots_ = 0;
  std::vector<Completion*> waiting_;             // for their callers, without end
  std::vector<std::coroutine_handle<>> posted_;  // by this thread, and taken over from others
  std::vector<std::coroutine_handle<>> resuming_;
  bool is_stopping_ = false;
  std::thread runner_;

  grpc::Alarm alarm_;
  std::mutex mutex_;
  std::vector<std::coroutine_handle<>> posted_elsewhere_;
  bool is_alarm_set_ = false;
  bool must_stop_ = false;
};

}  // namespace slipway

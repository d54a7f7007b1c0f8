// The calls of a thread, each a coroutine from before it comes until after it went.
#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "protocol/grpc/grpc_thread.h"
#include "protocol/grpc/health.h"
#include "protocol/grpc/infer_message.h"
#include "protocol/trace_context.h"

namespace slipway {
namespace {

constexpr std::string_view kInferenceService = "/inference.GRPCInferenceService/";
constexpr std::string_view kHealthService = "/grpc.health.v1.Health/";
constexpr std::string_view kStreamInfer = "ModelStreamInfer";
constexpr std::chrono::milliseconds kDeadlineSlack{5};
constexpr std::size_t kMessageBytesMax = 2'048;       // of a status: it travels in the trailers, which clients limit
constexpr std::size_t kCopiedBytesMax = 32 << 10;     // larger answers are handed over instead
constexpr std::size_t kCompressedBytesMin = 2 << 10;  // as over REST

std::string_view view(const grpc::string_ref& text) noexcept { return {text.data(), text.size()}; }

std::string_view clipped(std::string_view text) noexcept {
  if (text.size() <= kMessageBytesMax) return text;
  std::size_t size = kMessageBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80) --size;  // not inside a character
  return text.substr(0, size);
}

grpc::Status to_grpc(const Status& status, grpc::ServerContextBase& context) {
  if (status) return grpc::Status::OK;
  const Error& error = status.error();
  context.AddTrailingMetadata("slipway-reason", error.reason);
  return {static_cast<grpc::StatusCode>(error.code), std::string(clipped(error.message))};
}

grpc::ByteBuffer to_buffer(std::string bytes) {
  if (bytes.size() <= kCopiedBytesMax) {
    const grpc::Slice slice(bytes.data(), bytes.size());
    return {&slice, 1};
  }
  auto* held = new std::string(std::move(bytes));  // the slice's
  const grpc::Slice slice(
      held->data(), held->size(), [](void* text) { delete static_cast<std::string*>(text); }, held);
  return {&slice, 1};
}

// The bytes of a message as one piece: they mostly are one.
grpc::Slice to_slice(const grpc::ByteBuffer& message) {
  grpc::Slice slice;
  if (!message.TrySingleSlice(&slice).ok() && !message.DumpToSingleSlice(&slice).ok()) return {};
  return slice;
}

std::span<const std::byte> bytes_of(const grpc::Slice& slice) noexcept {
  return {reinterpret_cast<const std::byte*>(slice.begin()), slice.size()};
}

std::string text_of(const grpc::ByteBuffer& message) {
  const grpc::Slice slice = to_slice(message);
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

void compress(grpc::ServerContextBase& context, const HttpRequest& request, std::size_t bytes) {
  if (bytes < kCompressedBytesMin) return;
  if (request.header("accept-encoding").find("gzip") == std::string_view::npos) return;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
}

std::optional<std::chrono::microseconds> time_left(const grpc::ServerContextBase& context) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::system_clock::now());
}

Status draining() { return fail(Code::kUnavailable, "serving.draining", "the server is shutting down; try another"); }

}  // namespace

struct GrpcThread::Call {
  Call(grpc::ServerContextBase& context, std::string_view method, std::string_view name, Executor& executor)
      : path(method), remote(context.peer()), rpc(name) {
    const auto authority = context.ExperimentalGetAuthority();
    request.method = Method::kPost;
    request.path = path;
    request.remote = remote;
    request.headers.emplace_back("host", view(authority));
    for (const auto& [key, value] : context.client_metadata()) request.headers.emplace_back(view(key), view(value));
    request.executor = &executor;
    restart();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void restart() {
    request.request_id = Id::make();
    request.received = std::chrono::steady_clock::now();
    const std::string_view traceparent = request.header("traceparent");
    const auto trace = traceparent.empty() ? std::nullopt : parse_traceparent(traceparent);
    request.trace = trace ? *trace : start_trace(request.request_id);
  }

  std::string path;
  std::string remote;
  std::string_view rpc;
  HttpRequest request;
  Cancellation cancellation;
};

class GrpcThread::Slot {
 public:
  explicit Slot(GrpcThread& thread) : thread_(thread) { ++thread_.slots_; }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() {
    --thread_.slots_;
    if (is_taken_) thread_.shared_.in_flight.fetch_sub(1, std::memory_order_relaxed);
  }

  // The call came. Fails where as many are in flight as may be.
  Status take() {
    is_taken_ = true;
    if (thread_.shared_.in_flight.fetch_add(1, std::memory_order_relaxed) < thread_.shared_.options.in_flight_max) {
      return {};
    }
    return fail(Code::kResourceExhausted, "http.in_flight_max",
                "too many requests are in flight (in_flight_max); try again");
  }

 private:
  GrpcThread& thread_;
  bool is_taken_ = false;
};

// gRPC cancels at the deadline as well; that is left to the timer, so that it is said and counted as what it is.
void GrpcThread::on_done(Call& call, const grpc::ServerContextBase& context) {
  if (const auto left = time_left(context); !left || *left > kDeadlineSlack) call.cancellation.cancel();
}

void GrpcThread::end(Call& call, const Status& outcome) {
  if (!shared_.options.on_complete) return;
  const auto took = std::chrono::steady_clock::now() - call.request.received;
  shared_.options.on_complete(index_, call.rpc, call.request, outcome ? Code::kOk : outcome.error().code, took);
}

Task<bool> GrpcThread::serve_infer() {
  Slot slot(*this);
  Completion came;
  Completion finished;
  Completion done;
  grpc::ServerContext context;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer(&context);
  grpc::ByteBuffer message;
  context.AsyncNotifyWhenDone(done.tag());
  shared_.infer.request(context, message, writer, *queue_, came.tag());
  if (!co_await came) co_return false;  // the server was shut down; `done` never comes
  slipway::start(serve_infer(), [](bool) {});

  Call call(context, "/inference.GRPCInferenceService/ModelInfer", "ModelInfer", *this);
  done.on_complete([&] { on_done(call, context); });
  const auto scratch = infer_calls_.borrow();
  const grpc::Slice slice = to_slice(message);
  Status outcome = slot.take();
  if (outcome) outcome = co_await answer_infer(call, context, bytes_of(slice), *scratch);
  if (outcome) {
    const InferResponse& response = scratch->prediction.response;
    std::string answer = write_infer_message(response);
    if (!response.degraded.empty()) [[unlikely]] {
      context.AddTrailingMetadata("slipway-degraded", std::string(response.degraded));
    }
    if (!response.cache.empty()) context.AddTrailingMetadata("slipway-cache", std::string(response.cache));
    compress(context, call.request, answer.size());
    writer.Finish(to_buffer(std::move(answer)), grpc::Status::OK, finished.tag());
  } else {
    writer.FinishWithError(to_grpc(outcome, context), finished.tag());
  }
  end(call, outcome);
  while (!finished.is_complete()) co_await finished;
  while (!done.is_complete()) co_await done;
  co_return true;
}

Task<Status> GrpcThread::answer_infer(Call& call, grpc::ServerContextBase& context, std::span<const std::byte> message,
                                      InferScratch& scratch) {
  return infer_calls_.answer(call.request, call.cancellation, message, time_left(context), scratch);
}

Task<bool> GrpcThread::serve_any() {
  Slot slot(*this);
  Completion came;
  Completion done;
  grpc::GenericServerContext context;
  Stream stream(&context);
  context.AsyncNotifyWhenDone(done.tag());
  shared_.generic.RequestCall(&context, &stream, queue_.get(), queue_.get(), came.tag());
  if (!co_await came) co_return false;
  slipway::start(serve_any(), [](bool) {});

  if (const Status taken = slot.take(); !taken) {
    Completion finished;
    stream.Finish(to_grpc(taken, context), finished.tag());
    co_await finished;
  } else if (context.method() == std::string(kInferenceService) + std::string(kStreamInfer)) {
    co_await serve_infer_stream(context, stream, done);
  } else if (context.method() == std::string(kHealthService) + "Watch") {
    co_await serve_watch(context, stream, done);
  } else {
    co_await serve_unary(context, stream);
  }
  while (!done.is_complete()) co_await done;
  co_return true;
}

Task<bool> GrpcThread::serve_unary(grpc::GenericServerContext& context, Stream& stream) {
  Completion step;
  grpc::ByteBuffer message;
  stream.Read(&message, step.tag());
  Result<std::string> answered;
  const bool has_message = co_await step;
  step.reset();
  Call call(context, context.method(), "none", *this);
  if (has_message) {
    answered = co_await answer(call.path, call, text_of(message));
  } else {
    answered = fail(Code::kInvalidArgument, "grpc.no_message", "the call ended without a request");
  }
  Status outcome;
  if (answered) {
    compress(context, call.request, answered->size());
    stream.WriteAndFinish(to_buffer(*std::move(answered)), grpc::WriteOptions(), grpc::Status::OK, step.tag());
  } else {
    outcome = fail(std::move(answered).error());
    stream.Finish(to_grpc(outcome, context), step.tag());
  }
  end(call, outcome);
  co_await step;
  co_return true;
}

Task<Result<std::string>> GrpcThread::answer(std::string_view method, Call& call, const std::string& message) {
  if (method.starts_with(kInferenceService)) {
    const RpcRoute* rpc = find_rpc_route(method.substr(kInferenceService.size()));
    if (rpc != nullptr) {
      call.rpc = rpc->name;
      co_return co_await route_caller_.call(*rpc, call.request, message);
    }
  }
  if (method.starts_with(kHealthService) && method.substr(kHealthService.size()) == "Check") {
    call.rpc = "Check";
    const auto health = health_of(message, shared_.options.is_ready());
    if (!health) co_return fail(health.error());
    if (*health == Health::kUnknownService) {
      co_return fail(Code::kNotFound, "grpc.unknown_service", "there is no such service here; ask with none named");
    }
    co_return write_health(*health);
  }
  co_return fail(Code::kUnimplemented, "grpc.no_method", "there is no method " + quoted(method));
}

Task<bool> GrpcThread::serve_infer_stream(grpc::GenericServerContext& context, Stream& stream, Completion& done) {
  Call call(context, context.method(), kStreamInfer, *this);
  done.on_complete([&] { on_done(call, context); });
  const bool ends_at_error = call.request.header("triton_grpc_error") == "true";
  Completion read;
  Completion written;
  Status last;
  while (true) {
    grpc::ByteBuffer message;
    read.reset();
    stream.Read(&message, read.tag());
    waiting_.push_back(&read);
    while (!read.is_complete() && !shared_.is_draining.load(std::memory_order_relaxed)) co_await read;
    std::erase(waiting_, &read);
    if (!read.is_complete()) last = draining();
    if (!read.is_complete() || !co_await read) break;
    call.restart();
    const auto scratch = infer_calls_.borrow();
    const grpc::Slice slice = to_slice(message);
    const Status outcome = co_await answer_infer(call, context, bytes_of(slice), *scratch);
    end(call, outcome);
    if (!outcome && ends_at_error) {
      last = outcome;
      break;
    }
    std::string answer =
        outcome ? write_stream_message(scratch->prediction.response)
                : write_stream_failure(outcome.error().message, call.request.parameter("model"), scratch->infer.id);
    written.reset();
    stream.Write(to_buffer(std::move(answer)), written.tag());
    if (!co_await written) break;
  }
  Completion finished;
  stream.Finish(to_grpc(last, context), finished.tag());
  co_await finished;
  while (!read.is_complete()) co_await read;
  done.on_complete({});
  co_return true;
}

// Says it again whenever it changes, until the caller goes.
Task<bool> GrpcThread::serve_watch(grpc::GenericServerContext& context, Stream& stream, Completion& done) {
  Call call(context, context.method(), "Watch", *this);
  Completion step;
  grpc::ByteBuffer message;
  stream.Read(&message, step.tag());
  const bool has_message = co_await step;
  const std::string request = has_message ? text_of(message) : std::string();
  Status outcome;
  std::optional<Health> told;
  while (!done.is_complete()) {
    const bool is_draining = shared_.is_draining.load(std::memory_order_relaxed);
    const auto health = health_of(request, !is_draining && shared_.options.is_ready());
    if (!health) {
      outcome = fail(health.error());
      break;
    }
    if (told != *health) {
      told = *health;
      step.reset();
      stream.Write(to_buffer(write_health(*health)), step.tag());
      if (!co_await step) break;
    }
    if (is_draining) {
      outcome = draining();
      break;
    }
    waiting_.push_back(&done);
    co_await done;
    std::erase(waiting_, &done);
  }
  step.reset();
  stream.Finish(to_grpc(outcome, context), step.tag());
  end(call, outcome);
  co_await step;
  co_return true;
}

}  // namespace slipway

#include "protocol/grpc/grpc_thread.h"

#include <algorithm>
#include <grpcpp/impl/rpc_service_method.h>

namespace slipway {
namespace {

constexpr unsigned kInferSlots = 32;  // calls taken in one go
constexpr unsigned kOtherSlots = 8;
constexpr unsigned kEventsBeforePosted =
    256;  // so that a stream of new calls does not keep those that wait from going on

thread_local const GrpcThread* current_thread = nullptr;

gpr_timespec in_one_second() {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(1, GPR_TIMESPAN));
}

}  // namespace

ModelInferService::ModelInferService() {
  AddMethod(new grpc::internal::RpcServiceMethod("/inference.GRPCInferenceService/ModelInfer",
                                                 grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
  MarkMethodRaw(0);
}

GrpcThread::GrpcThread(GrpcShared& shared, unsigned index, GrpcThreadParts parts,
                       std::unique_ptr<grpc::ServerCompletionQueue> queue)
    : shared_(shared),
      index_(index),
      parts_(std::move(parts)),
      infer_calls_(parts_.router, *parts_.predictor),
      route_caller_(parts_.router, shared.workers),
      queue_(std::move(queue)) {}

void GrpcThread::start() {
  runner_ = std::thread([this] { run(); });
}

void GrpcThread::run() {
  current_thread = this;
  for (unsigned i = 0; i < kInferSlots; ++i) slipway::start(serve_infer(), [](bool) {});
  for (unsigned i = 0; i < kOtherSlots; ++i) slipway::start(serve_any(), [](bool) {});
  gpr_timespec next_second = in_one_second();
  unsigned events = 0;  // since what is posted was resumed
  while (true) {
    void* tag = nullptr;
    bool is_ok = false;
    // Nothing is waited for while something is posted: only what has arrived by now goes before it.
    const auto status =
        queue_->AsyncNext(&tag, &is_ok, posted_.empty() ? next_second : gpr_inf_past(GPR_CLOCK_MONOTONIC));
    if (status == grpc::CompletionQueue::SHUTDOWN) return;
    if (status == grpc::CompletionQueue::GOT_EVENT) {
      if (tag == &alarm_) {
        on_alarm();
      } else {
        static_cast<Completion*>(tag)->complete(is_ok);
      }
      if (is_stopping_ && slots_ == 0) queue_->Shutdown();
      if (++events < kEventsBeforePosted) continue;
    }
    events = 0;
    resume_posted();
    if (gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), next_second) < 0) continue;
    next_second = in_one_second();
    if (shared_.options.on_second) shared_.options.on_second(index_);
    wake_waiting();
  }
}

// Something was posted elsewhere, or the server drains or stops.
void GrpcThread::on_alarm() {
  {
    std::lock_guard lock(mutex_);
    is_alarm_set_ = false;
    posted_.insert(posted_.end(), posted_elsewhere_.begin(), posted_elsewhere_.end());
    posted_elsewhere_.clear();
    is_stopping_ = must_stop_;
  }
  if (shared_.is_draining.load(std::memory_order_relaxed)) wake_waiting();
}

void GrpcThread::resume_posted() {
  resuming_.swap(posted_);
  for (const std::coroutine_handle<> handle : resuming_) handle.resume();
  resuming_.clear();
}

void GrpcThread::wake_waiting() {
  const std::vector<Completion*> waiting = waiting_;
  for (Completion* completion : waiting) {
    if (std::find(waiting_.begin(), waiting_.end(), completion) != waiting_.end()) completion->wake();
  }
}

// Precondition: the mutex is held.
void GrpcThread::set_alarm() {
  if (std::exchange(is_alarm_set_, true)) return;
  alarm_.Set(queue_.get(), gpr_now(GPR_CLOCK_MONOTONIC), &alarm_);
}

void GrpcThread::post(std::coroutine_handle<> handle) {
  if (current_thread == this) {
    posted_.push_back(handle);
    return;
  }
  std::lock_guard lock(mutex_);
  posted_elsewhere_.push_back(handle);
  set_alarm();
}

void GrpcThread::begin_drain() {
  std::lock_guard lock(mutex_);
  set_alarm();
}

void GrpcThread::stop() {
  if (!queue_) return;
  if (runner_.joinable()) {
    {
      std::lock_guard lock(mutex_);
      must_stop_ = true;
      set_alarm();
    }
    runner_.join();
  } else {
    queue_->Shutdown();
    void* tag = nullptr;
    bool is_ok = false;
    while (queue_->Next(&tag, &is_ok)) {
    }
  }
  queue_.reset();
}

}  // namespace slipway

#include "serving/predict_thread.h"

#include <utility>

namespace slipway {
namespace {

constexpr std::chrono::seconds kRefreshInterval{1};

}  // namespace

PredictThread::PredictThread(std::unique_ptr<Predictor> predictor)
    : predictor_(std::move(predictor)), thread_([this] { loop(); }) {}

PredictThread::~PredictThread() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void PredictThread::post(std::coroutine_handle<> handle) {
  call([handle](Predictor&) { handle.resume(); });
}

void PredictThread::call(std::function<void(Predictor&)> work) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(std::move(work));
  }
  wake_.notify_all();
}

void PredictThread::loop() {
  std::vector<std::function<void(Predictor&)>> work;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kRefreshInterval, [this] { return is_stopping_ || !arrived_.empty(); });
      if (arrived_.empty() && is_stopping_) return;
      work.swap(arrived_);
    }
    if (work.empty()) predictor_->refresh();
    for (const auto& one : work) one(*predictor_);
    work.clear();
  }
}

}  // namespace slipway

// A thread that predicts for callers without a connection: as an I/O thread does, so that what arrives together shares
// runs here too.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/task.h"
#include "serving/predict.h"

namespace slipway {

class PredictThread final : public Executor {
 public:
  explicit PredictThread(std::unique_ptr<Predictor> predictor);
  // Precondition: no prediction that began here still runs.
  ~PredictThread() override;

  // Thread-safe, both.
  void post(std::coroutine_handle<> handle) override;
  // Calls `work` on the thread. It must not block.
  void call(std::function<void(Predictor&)> work);

 private:
  void loop();

  const std::unique_ptr<Predictor> predictor_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::function<void(Predictor&)>> arrived_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway

// Runs what was accepted by AsyncIntake: the same bytes through the same steps as of a caller who waits, on a thread of
// its own.
#pragma once

#include <memory>

#include "async/dispatcher.h"
#include "serving/predict_thread.h"

namespace slipway {

class AsyncPredictions {
 public:
  explicit AsyncPredictions(std::unique_ptr<Predictor> predictor) : thread_(std::move(predictor)) {}

  // An AsyncRun. Besides the errors of answer_infer(): failed_precondition "async.version_changed".
  void run(AsyncJob job, AsyncDone done);

 private:
  PredictThread thread_;
};

}  // namespace slipway

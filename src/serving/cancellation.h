// Lets a caller that has gone end the run that it waited for. Of one request, and used on its thread alone.
#pragma once

#include <memory>

#include "serving/pooled_run.h"

namespace slipway {

class Cancellation {
 public:
  // The caller has gone: nothing more is run for it.
  void cancel() {
    is_cancelled_ = true;
    if (const auto run = run_.lock()) run->expire();
  }
  bool is_cancelled() const noexcept { return is_cancelled_; }
  // The run that the caller waits for now.
  void watch(const std::shared_ptr<PooledRun>& run) noexcept { run_ = run; }

 private:
  bool is_cancelled_ = false;
  std::weak_ptr<PooledRun> run_;
};

}  // namespace slipway

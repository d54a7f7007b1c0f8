// A tag of a completion queue that a coroutine awaits.
//
// Given to an operation as its tag; the thread that reads the queue calls complete(). It must outlive the operation.
#pragma once

#include <coroutine>
#include <functional>
#include <utility>

namespace slipway {

class Completion {
 public:
  void* tag() noexcept { return this; }

  void complete(bool is_ok) {
    is_complete_ = true;
    is_ok_ = is_ok;
    if (on_complete_) on_complete_();
    wake();
  }
  // Called before whoever waits is resumed.
  void on_complete(std::function<void()> callback) { on_complete_ = std::move(callback); }
  // Resumes whoever waits although nothing is complete.
  void wake() {
    if (waiting_) std::exchange(waiting_, {}).resume();
  }
  bool is_complete() const noexcept { return is_complete_; }
  void reset() noexcept { is_complete_ = false; }

  bool await_ready() const noexcept { return is_complete_; }
  void await_suspend(std::coroutine_handle<> handle) noexcept { waiting_ = handle; }
  // What the queue said of the operation; false where it was only woken.
  bool await_resume() const noexcept { return is_complete_ && is_ok_; }

 private:
  std::coroutine_handle<> waiting_;
  std::function<void()> on_complete_;
  bool is_complete_ = false;
  bool is_ok_ = false;
};

}  // namespace slipway

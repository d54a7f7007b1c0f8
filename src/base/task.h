// Task<T>: a lazily started coroutine that returns one value; awaiting it runs it and resumes the awaiter without a
// queue.
//
// A Task that never suspends costs one frame and no system call. start() runs a Task from ordinary code and calls
// `done` with its value, on whatever thread finishes it. To continue on a given thread after waiting for another, await
// a callback that resumes through Executor::post(). Exceptions end the process: expected failures are values
// (base/result.h).
#pragma once

#include <cassert>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace slipway {

// Something that resumes coroutines on its own thread. Thread-safe. What is posted from that thread itself goes on
// behind the work that has arrived there already, so that whoever posts can gather what has come together.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(std::coroutine_handle<> handle) = 0;
};

// Resumes on the thread that has the value.
class InPlaceExecutor final : public Executor {
 public:
  void post(std::coroutine_handle<> handle) override { handle.resume(); }
};

// Frames of one thread are recycled by size class, since a request makes the same few frames again and again.
namespace frame {
void* allocate(std::size_t size);
void release(void* frame, std::size_t size) noexcept;
}  // namespace frame

template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> awaiter = std::noop_coroutine();

    static void* operator new(std::size_t size) { return frame::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept { frame::release(memory, size); }

    Task get_return_object() noexcept { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    struct Final {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
        return self.promise().awaiter;
      }
      void await_resume() const noexcept {}
    };
    Final final_suspend() const noexcept { return {}; }
    template <typename U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    handle_.promise().awaiter = awaiter;
    return handle_;
  }
  T await_resume() { return std::move(*handle_.promise().value); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

namespace task_internal {
struct Detached {
  struct promise_type {
    static void* operator new(std::size_t size) { return frame::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept { frame::release(memory, size); }
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};
}  // namespace task_internal

// Runs `task` on this thread until it first waits; `done(T)` is called when it has its value.
template <typename T, typename Done>
task_internal::Detached start(Task<T> task, Done done) {
  done(co_await task);
}

// Awaits something that calls back: `begin(resume)` is given a callable that takes the value, to be called exactly
// once, from any thread; the coroutine goes on on `executor`'s thread.
template <typename T, typename Begin>
class Callback {
 public:
  Callback(Executor& executor, Begin begin) : executor_(&executor), begin_(std::move(begin)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    // After begin_() another thread may already have resumed and freed this frame, so nothing of it is touched then.
    begin_([this, handle](T value) {
      value_.emplace(std::move(value));
      executor_->post(handle);
    });
  }
  T await_resume() { return std::move(*value_); }

 private:
  Executor* executor_;
  Begin begin_;
  std::optional<T> value_;
};

template <typename T, typename Begin>
Callback<T, Begin> callback_on(Executor& executor, Begin begin) {
  return Callback<T, Begin>(executor, std::move(begin));
}

}  // namespace slipway

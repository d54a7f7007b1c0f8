#include "app/load_pool.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace slipway {
namespace {

constexpr int kNice = 10;
// ioprio_set(2), which glibc does not declare: this thread, best effort, the last of its levels.
constexpr int kIoWhoProcess = 1;
constexpr int kIoBestEffortLast = (2 << 13) | 7;

// Linux knows both for each thread. Where it refuses, the thread runs as any other.
void stand_back() {
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, thread, kNice);
  syscall(SYS_ioprio_set, kIoWhoProcess, 0, kIoBestEffortLast);
}

}  // namespace

LoadPool::LoadPool(unsigned threads, Priority priority) : queue_(kWaitingMax) {
  threads_.reserve(threads);
  while (threads_.size() < threads) threads_.emplace_back([this, priority] { loop(priority); });
}

LoadPool::~LoadPool() {
  is_ending_ = true;
  queue_.close();
  for (std::thread& thread : threads_) thread.join();
}

void LoadPool::loop(Priority priority) {
  if (priority == Priority::kLow) stand_back();
  while (auto load = queue_.pop()) {
    if (!is_ending_) (*load)();
  }
}

}  // namespace slipway

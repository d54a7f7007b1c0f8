#include "serving/runner_pool.h"

namespace slipway {

RunnerPool::RunnerPool(unsigned threads, std::size_t queue_max) : queue_(std::make_shared<Queue>(queue_max)) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([queue = queue_] {
      while (auto job = queue->pop()) (*job)();
    });
  }
}

RunnerPool::~RunnerPool() {
  queue_->close();
  for (std::thread& thread : threads_) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

}  // namespace slipway

#include "serving/runner_pool.h"

namespace slipway {

RunnerPool::RunnerPool(unsigned threads, std::size_t queue_max) : queue_(queue_max) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      while (auto job = queue_.pop()) (*job)();
    });
  }
}

RunnerPool::~RunnerPool() { queue_.close(); }

}  // namespace slipway

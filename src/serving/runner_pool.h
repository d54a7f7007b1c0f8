// Threads that run one version's model, for requests that would take too long on an I/O thread.
//
// A runner takes the first request that waits (batch_queue.h) and all that may share its run, up to the plan's rows.
// It waits for more of them only where the policy allows it and it pays. The threads start with the first request,
// since most versions of small models never have one. What still waits when its deadline passes is never run.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "serving/batch_plan.h"
#include "serving/batch_policy.h"
#include "serving/batch_queue.h"
#include "serving/cost_curve.h"

namespace slipway {

class PooledRun;

struct RunnerOptions {
  unsigned threads = 1;         // > 0
  std::size_t queue_max = 256;  // > 0
  BatchPolicy policy = {};
  BatchPlan plan = {};
  CostCurve curve = {};
};

class RunnerPool {
 public:
  explicit RunnerPool(RunnerOptions options);
  // Runs what is queued, then ends the threads. A run may drop the last reference to its pool: the thread that it runs
  // on is then left to end by itself.
  ~RunnerPool();
  RunnerPool(const RunnerPool&) = delete;
  RunnerPool& operator=(const RunnerPool&) = delete;

  // Waits until no runner of any pool is left; false when `limit` comes first. A run that cannot be interrupted
  // outlives its deadline, its request and its pool; a process must not take down under it what it uses.
  static bool wait_until_none(std::chrono::milliseconds limit);

  // Refuses it, or a less important one that waits, when the queue is full or no thread can be had. Thread-safe.
  void submit(std::shared_ptr<PooledRun> run, const QueuedRequest& request);
  // It was answered and leaves its place in the queue. Thread-safe.
  void forget(const PooledRun& run);
  unsigned thread_count() const noexcept { return thread_count_; }
  std::size_t waiting() const;

 private:
  class Shared;
  void start();

  const unsigned thread_count_;
  std::shared_ptr<Shared> shared_;  // the threads' too: one of them may outlive the pool
  std::once_flag is_started_;
  std::vector<std::thread> threads_;
};

}  // namespace slipway

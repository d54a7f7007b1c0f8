#include "serving/execution.h"

namespace slipway {
namespace {

Monotonic now() { return std::chrono::steady_clock::now(); }

}  // namespace

Task<Status> Engine::execute(ExecuteCall call, std::shared_ptr<const ServedVersion> version,
                             std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted,
                             Execution& execution) {
  execution.clear();
  if (!version->inline_budget.allows(inputs)) {
    co_return co_await run_on_runner(call, std::move(version), inputs, wanted, execution);
  }
  const auto start = now();
  if (start >= call.deadline) {
    co_return fail(Code::kDeadlineExceeded, "serving.deadline",
                   "the request's time limit had passed before it could run");
  }
  Status status = version->runtime->run(inputs, wanted, execution.outputs_);
  version->metrics.run_duration.observe(now() - start);
  co_return status;
}

Task<Status> Engine::run_on_runner(const ExecuteCall& call, std::shared_ptr<const ServedVersion> version,
                                   std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted,
                                   Execution& execution) {
  const auto pooled = std::make_shared<PooledRun>(std::move(version), inputs, wanted);
  auto waiting = callback_on<Status>(*call.executor, [this, &pooled, &call](auto resume) {
    pooled->begin(call.deadline, deadlines_, std::move(resume));
  });
  Status status = co_await waiting;
  if (status) execution.pooled_ = pooled;  // after a deadline the run may still be writing its outputs
  co_return status;
}

}  // namespace slipway

#include "serving/execution.h"

#include <algorithm>

namespace slipway {
namespace {

Monotonic now() { return std::chrono::steady_clock::now(); }

Status too_late() {
  return fail(Code::kDeadlineExceeded, "serving.deadline", "the request's time limit had passed before it could run");
}

// Goes on behind what has arrived on this thread by now.
struct EndOfTurn {
  Executor& executor;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const { executor.post(handle); }
  void await_resume() const noexcept {}
};

}  // namespace

std::span<const TensorView> Execution::outputs() const noexcept {
  if (pooled_) return pooled_->outputs();
  return together_ ? slice_.tensors() : alone_.tensors();
}

void Execution::clear() noexcept {
  alone_.reset();
  slice_.clear();
  together_.reset();
  pooled_.reset();
  version_.reset();
}

// Waits for the first of the turn, which resumes it.
struct Engine::Join {
  Member& member;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const noexcept { member.waiting = handle; }
  void await_resume() const noexcept {}
};

Task<Status> Engine::execute(ExecuteCall call, std::shared_ptr<const ServedVersion> version,
                             std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted,
                             Execution& execution) {
  execution.clear();
  execution.version_ = std::move(version);
  const ServedVersion& served = *execution.version_;
  if (call.cancellation != nullptr && call.cancellation->is_cancelled()) {
    co_return fail(Code::kCancelled, "serving.cancelled",
                   "the caller went before model '" + served.model + "' was asked");
  }
  if (served.remote != nullptr) co_return co_await forward(call, inputs, wanted, execution);
  if (!served.inline_budget.allows(inputs)) co_return co_await run_on_runner(call, inputs, wanted, execution);
  if (served.batch_plan.turn_rows_max > 1) {
    BatchPart& part = execution.part_;
    Status described = part.describe(served.runtime->signature(), inputs, wanted);
    if (!described) co_return described;
    if (part.can_share() && part.rows < served.batch_plan.turn_rows_max) {
      co_return co_await run_in_turn(call, served, execution);
    }
  }
  co_return run_alone(served, inputs, wanted, call.deadline, execution);
}

Task<Status> Engine::ask(const ExecuteCall& call, const RemoteEndpoint& remote, const ModelSignature& signature,
                         std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted,
                         Execution& execution) {
  execution.clear();
  co_return co_await remote.infer({.executor = call.executor,
                                   .deadline = call.deadline,
                                   .inputs = inputs,
                                   .signature = &signature,
                                   .wanted = wanted},
                                  execution.alone_);
}

Status Engine::run_alone(const ServedVersion& version, std::span<const TensorView> inputs,
                         std::span<const std::uint32_t> wanted, Monotonic deadline, Execution& execution) {
  const Monotonic start = now();
  if (start >= deadline) return too_late();
  Status status = version.runtime->run(inputs, wanted, execution.alone_);
  const bool has_rows = status && version.runtime->signature().is_batchable;
  const auto rows = has_rows ? static_cast<std::uint32_t>(inputs.front().shape.front()) : 1U;
  count_run(version, rows, {.run = now() - start});
  return status;
}

Task<Status> Engine::forward(const ExecuteCall& call, std::span<const TensorView> inputs,
                             std::span<const std::uint32_t> wanted, Execution& execution) {
  const ServedVersion& version = *execution.version_;
  const Monotonic start = now();
  Status status = co_await version.remote->forward(*call.executor, call.deadline, inputs, wanted, execution.alone_);
  const bool has_rows = status && version.runtime->signature().is_batchable;
  const auto rows = has_rows ? static_cast<std::uint32_t>(inputs.front().shape.front()) : 1U;
  count_run(version, rows, {.run = now() - start});
  co_return status;
}

Task<Status> Engine::run_in_turn(const ExecuteCall& call, const ServedVersion& version, Execution& execution) {
  Member self{.execution = &execution, .deadline = call.deadline, .status = {}, .waiting = {}};
  if (Turn* const open = find_open(version, execution.part_)) {
    open->rows += execution.part_.rows;
    open->members.push_back(&self);
    co_await Join{self};
    co_return self.status;
  }
  Turn& turn = open_turn();
  turn.rows = execution.part_.rows;
  turn.members.push_back(&self);
  co_await EndOfTurn{*call.executor};
  turn.is_open = false;
  if (turn.members.size() == 1) {
    const BatchPart& part = execution.part_;
    self.status = run_alone(version, part.inputs, part.wanted, call.deadline, execution);
  } else {
    run_batch(version, turn);
  }
  for (std::size_t i = 1; i < turn.members.size(); ++i) turn.members[i]->waiting.resume();
  turn.members.clear();  // may be opened again
  co_return self.status;
}

Engine::Turn* Engine::find_open(const ServedVersion& version, const BatchPart& part) noexcept {
  for (const auto& turn : turns_) {
    if (!turn->is_open) continue;
    const Execution& first = *turn->members.front()->execution;
    if (first.version_.get() == &version && first.part_.shape == part.shape &&
        turn->rows + part.rows <= version.batch_plan.turn_rows_max) {
      return turn.get();
    }
  }
  return nullptr;
}

Engine::Turn& Engine::open_turn() {
  const auto idle = std::ranges::find_if(turns_, [](const auto& turn) { return turn->members.empty(); });
  Turn& turn = idle != turns_.end() ? **idle : *turns_.emplace_back(std::make_unique<Turn>());
  turn.is_open = true;
  return turn;
}

void Engine::run_batch(const ServedVersion& version, Turn& turn) {
  const Monotonic start = now();
  std::vector<Member*>& members = turn.members;
  parts_.clear();
  for (Member* member : members) {
    if (start < member->deadline) {
      parts_.push_back(&member->execution->part_);
    } else {
      member->status = too_late();
    }
  }
  if (parts_.empty()) return;
  batch_.gather(version, parts_);
  batch_.run(
      version, [this] { return borrow_outputs(); }, nullptr, [](std::size_t) { return true; });
  std::size_t part = 0;
  for (Member* member : members) {
    if (!member->status) continue;
    member->status = batch_.status(part);
    if (member->status) member->execution->together_ = batch_.take(version, part, member->execution->slice_);
    ++part;
  }
  batch_.finish(version);
}

// Given back, emptied, when the last of its requests has been answered.
std::shared_ptr<RunOutputs> Engine::borrow_outputs() {
  std::unique_ptr<RunOutputs> outputs;
  if (free_outputs_->empty()) {
    outputs = std::make_unique<RunOutputs>();
  } else {
    outputs = std::move(free_outputs_->back());
    free_outputs_->pop_back();
  }
  return {outputs.release(), [free = free_outputs_](RunOutputs* used) {
            used->reset();
            free->emplace_back(used);
          }};
}

Task<Status> Engine::run_on_runner(const ExecuteCall& call, std::span<const TensorView> inputs,
                                   std::span<const std::uint32_t> wanted, Execution& execution) {
  const auto pooled = std::make_shared<PooledRun>(execution.version_);
  const PooledRun::Request request{
      .inputs = inputs, .wanted = wanted, .deadline = call.deadline, .priority = call.priority, .caller = call.caller};
  auto waiting = callback_on<Status>(*call.executor, [this, &pooled, &request](auto resume) {
    pooled->begin(request, deadlines_, std::move(resume));
  });
  if (call.cancellation != nullptr) call.cancellation->watch(pooled);
  Status status = co_await waiting;
  if (status) execution.pooled_ = pooled;
  co_return status;
}

}  // namespace slipway

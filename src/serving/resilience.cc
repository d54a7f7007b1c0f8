#include "serving/resilience.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/bytes.h"

namespace slipway {
namespace {

using Kind = FallbackStep::Kind;

Monotonic now() { return std::chrono::steady_clock::now(); }

// An exponent of ones is NaN or an infinity, in every IEEE format. Without a branch in the loop, so that it is
// vectorised.
template <typename Bits, Bits kExponent>
bool has_full_exponent(std::span<const std::byte> data) noexcept {
  unsigned found = 0;
  for (std::size_t at = 0; at + sizeof(Bits) <= data.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, data.data() + at, sizeof bits);
    found |= static_cast<unsigned>((bits & kExponent) == kExponent);
  }
  return found != 0;
}

bool is_finite(const TensorView& tensor) noexcept {
  switch (tensor.type) {
    case DataType::kFp16:
      return !has_full_exponent<std::uint16_t, 0x7C00>(tensor.data);
    case DataType::kBf16:
      return !has_full_exponent<std::uint16_t, 0x7F80>(tensor.data);
    case DataType::kFp32:
      return !has_full_exponent<std::uint32_t, 0x7F80'0000>(tensor.data);
    case DataType::kFp64:
      return !has_full_exponent<std::uint64_t, 0x7FF0'0000'0000'0000>(tensor.data);
    default:
      return true;
  }
}

Status check_finite(std::span<const TensorView> outputs) {
  const auto bad = std::find_if_not(outputs.begin(), outputs.end(), is_finite);
  if (bad == outputs.end()) return {};
  return fail(Code::kInternal, "serving.not_finite",
              "output " + quoted(bad->name) + " holds NaN or an infinity, which the endpoint's policy does not allow");
}

bool has_model_step(const Policy& policy) noexcept {
  return std::any_of(policy.fallback.begin(), policy.fallback.end(), [](const FallbackStep& step) {
    return step.kind == Kind::kVersion || step.kind == Kind::kEndpoint || step.kind == Kind::kRemote;
  });
}

// Not for what the caller sent, nor for limits of ours: they are answered as they are.
bool may_fall_back(const Error& error) noexcept { return is_breaker_failure(error) || error.code == Code::kAborted; }

// Indices of the other version's outputs that have the names and types of those that are wanted.
Result<std::vector<std::uint32_t>> outputs_alike(const ModelSignature& asked, std::span<const std::uint32_t> wanted,
                                                 const ModelSignature& other) {
  std::vector<std::uint32_t> indices;
  const std::size_t count = wanted.empty() ? asked.outputs.size() : wanted.size();
  for (std::size_t i = 0; i < count; ++i) {
    const TensorSpec& spec = asked.outputs[wanted.empty() ? i : wanted[i]].spec;
    const auto index = other.find_output(spec.name);
    if (!index || other.outputs[*index].spec.type != spec.type) {
      return fail(Code::kFailedPrecondition, "policy.missing_output", "no output " + quoted(spec.name));
    }
    indices.push_back(*index);
  }
  return indices;
}

void degrade(Degradation& degradation, std::string_view source, const Error& error) {
  degradation.source = source;
  degradation.reason = error.reason;
  degradation.mark.assign("source=\"").append(source).append("\"; reason=\"").append(error.reason).append("\"");
}

}  // namespace

void Degradation::clear() {
  source = {};
  reason.clear();
  mark.clear();
  version.reset();
  made.clear();
}

struct Resilience::Run {
  const ExecuteCall& call;
  Monotonic deadline;
  bool may_count_lateness = true;  // false: a deadline that no run can meet says nothing of the version
  bool may_be_nan = true;
  const GuardedVersion& target;
  std::span<const TensorView> inputs;
  std::span<const std::uint32_t> wanted;
};

Task<Status> Resilience::run_once(const Run& run, Execution& execution) {
  VersionGuard* const guard = run.target.guard.get();
  const Monotonic start = now();
  std::optional<Breaker::Permit> permit;
  if (guard != nullptr && guard->breaker) {
    if (auto entered = guard->breaker->try_enter(start)) {
      permit.emplace(*std::move(entered));
    } else {
      co_return fail(Code::kUnavailable, "serving.breaker_open",
                     "model " + quoted(run.target.version->model) + " version " + run.target.version->version +
                         " has failed too often and is given time to recover");
    }
  }
  ExecuteCall call = run.call;
  call.deadline = run.deadline;
  Status status = co_await engine_.execute(call, run.target.version, run.inputs, run.wanted, execution);
  if (status && !run.may_be_nan) status = check_finite(execution.outputs());
  if (guard == nullptr) co_return status;

  const Monotonic end = now();
  const bool is_unfair = !status && status.error().code == Code::kDeadlineExceeded && !run.may_count_lateness &&
                         !guard->estimate.fits(start, run.deadline);
  const bool has_failed = !status && is_breaker_failure(status.error());
  if (permit && !is_unfair && (status || has_failed)) permit->finish(has_failed, end - start, end);
  if (status) guard->estimate.observe(end - start);
  co_return status;
}

Task<Status> Resilience::run_with_retries(const ResilientCall& call, Monotonic deadline, AdaptiveLimit::Place& place,
                                          Execution& execution) {
  VersionGuard& guard = *call.asked.guard;
  const Policy& policy = guard.state->policy();
  RetryBudget* const budget = guard.state->retry_budget();
  if (budget != nullptr) budget->count_request();
  const Run run{.call = call.execute,
                .deadline = deadline,
                .may_count_lateness = !call.is_callers_deadline,
                .may_be_nan = policy.may_be_nan,
                .target = call.asked,
                .inputs = call.inputs,
                .wanted = call.wanted};
  for (std::uint32_t attempt = 1;; ++attempt) {
    const Monotonic start = now();
    Status status = co_await run_once(run, execution);
    const Monotonic end = now();
    using Outcome = AdaptiveLimit::Outcome;
    const bool is_late = !status && status.error().code == Code::kDeadlineExceeded;
    const bool is_last = status || budget == nullptr || attempt >= policy.retry->attempts_max ||
                         !is_transient(status.error()) || status.error().reason == "serving.breaker_open";
    const Monotonic again = is_last ? end : end + retry_delay(*policy.retry, attempt, system_random().next());
    if (is_last || !guard.estimate.fits(again, deadline) || !budget->try_take(end)) {
      if (place)
        place.note(status ? Outcome::kSuccess : is_late ? Outcome::kDropped : Outcome::kIgnored, end - start, end);
      co_return status;
    }
    guard.state->retries().add();
    co_await wait_until(*call.execute.executor, timer_, again);
  }
}

Task<Status> Resilience::run_instead(const ResilientCall& call, const FallbackStep& step, Execution& execution,
                                     Degradation& degradation) {
  const ServedVersion& asked = *call.asked.version;
  const bool is_own = step.kind == Kind::kVersion;
  auto found = co_await find_(is_own ? std::string_view(asked.model) : step.endpoint, step.version,
                              call.execute.deadline, *call.execute.executor);
  if (!found) co_return fail(std::move(found).error());
  if (found->version == call.asked.version) {
    co_return fail(Code::kUnavailable, "serving.same_version", "the version that failed is not asked again");
  }
  const ServedVersion& other = *found->version;
  if (auto checked = other.contract->enforce(call.inputs); !checked) co_return fail(std::move(checked).error());
  auto wanted = outputs_alike(asked.runtime->signature(), call.wanted, other.runtime->signature());
  if (!wanted) co_return fail(std::move(wanted).error());

  AdaptiveLimit::Place place;
  if (!is_own && found->guard != nullptr) {
    auto entered = found->guard->state->try_enter(call.execute.priority);
    if (!entered) co_return fail(Code::kResourceExhausted, "serving.overloaded", "the other endpoint is at its limit");
    place = *std::move(entered);
  }
  const Run run{.call = call.execute,
                .deadline = call.execute.deadline,
                .may_count_lateness = false,
                .may_be_nan = call.asked.guard->state->policy().may_be_nan,
                .target = *found,
                .inputs = call.inputs,
                .wanted = *wanted};
  Status status = co_await run_once(run, execution);
  if (status) degradation.version = found->version;
  co_return status;
}

Task<Status> Resilience::ask_remote(const ResilientCall& call, std::size_t step, Execution& execution) {
  const EndpointState& state = *call.asked.guard->state;
  const RemoteEndpoint* const remote = state.remote(step);
  if (remote == nullptr) co_return fail(Code::kFailedPrecondition, "remote.not_allowed", "no remote may be asked");
  const ModelSignature& signature = call.asked.version->runtime->signature();
  Status status = co_await Engine::ask(call.execute, *remote, signature, call.inputs, call.wanted, execution);
  if (status && !state.policy().may_be_nan) status = check_finite(execution.outputs());
  co_return status;
}

Task<Status> Resilience::run_step(const ResilientCall& call, std::size_t step, Execution& execution,
                                  Degradation& degradation) {
  const FallbackStep& chosen = call.asked.guard->state->policy().fallback[step];
  if (chosen.kind == Kind::kRemote) co_return co_await ask_remote(call, step, execution);
  co_return co_await run_instead(call, chosen, execution, degradation);
}

Task<Status> Resilience::answer(ResilientCall call, AdaptiveLimit::Place place, Execution& execution,
                                Degradation& degradation) {
  VersionGuard& guard = *call.asked.guard;
  const Policy& policy = guard.state->policy();
  const ModelSignature& signature = call.asked.version->runtime->signature();
  const Monotonic deadline =
      has_model_step(policy) ? call.execute.deadline - (call.execute.deadline - call.began) / 4 : call.execute.deadline;
  Status status = co_await run_with_retries(call, deadline, place, execution);
  if (status || !may_fall_back(status.error())) co_return status;

  const std::size_t rows = rows_of(signature, call.inputs);
  for (std::size_t i = 0; i < policy.fallback.size() && !degradation; ++i) {
    const FallbackStep& step = policy.fallback[i];
    if (step.kind == Kind::kVersion || step.kind == Kind::kEndpoint || step.kind == Kind::kRemote) {
      if (now() >= call.execute.deadline) continue;
      const Status instead = co_await run_step(call, i, execution, degradation);
      if (instead) degrade(degradation, to_string(step.kind), status.error());
    } else if (const auto& rules = guard.bound.rules[i]) {
      const auto choices = rules->choose(call.inputs, rows);
      if (!choices) continue;
      rules->outputs().write(*choices, call.wanted, signature, degradation.made);
      degrade(degradation, to_string(step.kind), status.error());
    }
  }
  if (!degradation && guard.bound.by_default) {
    guard.bound.by_default->write(std::vector<std::uint32_t>(rows, 0), call.wanted, signature, degradation.made);
    degrade(degradation, "default", status.error());
  }
  if (!degradation) co_return status;
  guard.state->degraded().add(degradation.source, degradation.reason);
  co_return Status();
}

}  // namespace slipway

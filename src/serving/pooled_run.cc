#include "serving/pooled_run.h"

#include <functional>

namespace slipway {
namespace {

Monotonic now() { return std::chrono::steady_clock::now(); }

}  // namespace

void PooledRun::begin(const Request& request, DeadlineTimer& deadlines, std::function<void(Status)> done) {
  done_ = std::move(done);
  submitted_ = now();
  deadline_ = request.deadline;
  if (Status described = part_.describe(version_->runtime->signature(), request.inputs, request.wanted); !described) {
    return answer(std::move(described));
  }
  const std::uint64_t level = request.priority > 0 ? request.priority : version_->batch_policy.level_by_default;
  const auto self = shared_from_this();
  version_->runners->submit(self, {.level = level,
                                   .caller = std::hash<std::string_view>{}(request.caller),
                                   .rows = part_.rows,
                                   .shape = part_.can_share() ? &part_.shape : nullptr});
  deadlines.schedule(deadline_, self);
}

void PooledRun::expire() {
  if (move(State::kWaiting, State::kAnswered)) {
    version_->runners->forget(*this);
    return done_(given_up());
  }
  if (move(State::kTaken, State::kExpired)) return;
  if (move(State::kRunning, State::kAnswered)) {
    const std::shared_ptr<Group> group = group_;
    done_(given_up());
    if (group->waiting.fetch_sub(1) == 1) group->control->terminate();
  }
}

void PooledRun::refuse() {
  if (!move(State::kWaiting, State::kAnswered)) return;
  done_(fail(Code::kResourceExhausted, "serving.queue_full",
             "too many requests wait for model '" + version_->model + "'; try again shortly"));
}

void PooledRun::answer(Status status) {
  if (state_.exchange(State::kAnswered) != State::kAnswered) done_(std::move(status));
}

Status PooledRun::given_up() const {
  if (now() < deadline_) {
    return fail(Code::kCancelled, "serving.cancelled",
                "the caller went before model '" + version_->model + "' had answered");
  }
  return fail(Code::kDeadlineExceeded, "serving.deadline",
              "model '" + version_->model + "' did not answer within the time limit");
}

std::vector<PooledRun::Answer> PooledRun::run(std::span<const std::shared_ptr<PooledRun>> runs, Batch& batch) {
  std::vector<Answer> answers;
  std::vector<std::shared_ptr<PooledRun>> taken;
  const Monotonic start = now();
  for (const auto& run : runs) {
    if (!run->move(State::kWaiting, State::kTaken)) continue;  // expired while it waited: never run
    run->version_->metrics.queue_duration.observe(start - run->submitted_);
    if (start >= run->deadline_) {
      answers.push_back({run, run->given_up()});
    } else {
      taken.push_back(run);
    }
  }
  if (taken.empty()) return answers;
  const ServedVersion& version = *taken.front()->version_;
  const auto group = std::make_shared<Group>();
  auto control = version.runtime->make_control();
  if (!control) {
    for (const auto& run : taken) answers.push_back({run, fail(control.error())});
    return answers;
  }
  group->control = *std::move(control);

  std::vector<const BatchPart*> parts;
  for (const auto& run : taken) parts.push_back(&run->part_);
  batch.gather(version, parts);
  group->waiting = taken.size() + 1;  // this thread is one of them until all have been counted
  std::size_t expired = 1;
  for (const auto& run : taken) {
    run->group_ = group;
    if (run->move(State::kTaken, State::kRunning)) continue;
    answers.push_back({run, run->given_up()});
    ++expired;
  }
  if (group->waiting.fetch_sub(expired) == expired) return answers;

  batch.run(
      version, [] { return std::make_shared<RunOutputs>(); }, group->control.get(),
      [&](std::size_t part) { return taken[part]->is_awaited(); });
  for (std::size_t part = 0; part < taken.size(); ++part) {
    PooledRun& run = *taken[part];
    if (!run.is_awaited()) continue;
    const Status& status = batch.status(part);
    // Whoever expires from now on is answered by expire(), and does not look at the outputs.
    if (status) run.outputs_ = batch.take(version, part, run.slice_);
    answers.push_back({taken[part], status});
  }
  batch.finish(version);
  return answers;
}

}  // namespace slipway

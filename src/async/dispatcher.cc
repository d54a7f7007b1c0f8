#include "async/dispatcher.h"

#include <algorithm>

#include "base/log.h"
#include "registry/transact.h"

namespace slipway {
namespace {

constexpr std::chrono::seconds kCountInterval{2};
constexpr std::chrono::minutes kForgetInterval{1};
constexpr std::chrono::hours kSweepInterval{1};
constexpr std::chrono::hours kOrphanAge{1};  // longer than any object waits for its transaction
constexpr std::int64_t kForgetAtOnce = 200;

WallTime now() { return system_clock().now(); }
Monotonic monotonic() { return system_clock().monotonic(); }

void warn(std::string_view event, const Error& error) {
  log::warning(event, {{"reason", error.reason}, {"message", error.message}});
}

std::string name_of(const AsyncLease& lease) { return lease.request.id + "-" + std::to_string(lease.fence); }

bool is_due(Monotonic& due, std::chrono::milliseconds interval) {
  const Monotonic time = monotonic();
  if (time < due) return false;
  due = time + interval;
  return true;
}

}  // namespace

Dispatcher::Dispatcher(Database& database, const PayloadStore& payloads, DispatcherOptions options, AsyncRun run,
                       metrics::Registry& registry, Random& random)
    : database_(database),
      payloads_(payloads),
      options_(options),
      run_(std::move(run)),
      metrics_(registry),
      random_(random) {}

void Dispatcher::start() {
  thread_ = std::thread([this] { loop(); });
}

void Dispatcher::stop(Monotonic deadline) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->is_stopping = true;
    inbox_->stop_deadline = deadline;
  }
  inbox_->wake.notify_all();
  thread_.join();
}

void Dispatcher::notify() {
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->is_notified = true;
  }
  inbox_->wake.notify_all();
}

void Dispatcher::loop() {
  while (true) {
    collect();
    settle_finished();
    bool is_stopping = false;
    {
      const std::lock_guard lock(inbox_->mutex);
      is_stopping = inbox_->is_stopping;
      const bool must_end = (running_.empty() && finished_.empty()) || monotonic() >= inbox_->stop_deadline;
      if (is_stopping && must_end) break;
    }
    prolong_leases();
    if (!is_stopping) {
      keep_house();
      if (take_more()) continue;
    }
    wait();
  }
  give_back_all();
}

void Dispatcher::wait() {
  const auto longest = std::min(options_.poll_interval, options_.limits.lease / 4);
  std::unique_lock lock(inbox_->mutex);
  Monotonic until = monotonic() + longest;
  if (inbox_->is_stopping) until = std::min(until, inbox_->stop_deadline);
  const bool was_stopping = inbox_->is_stopping;
  inbox_->wake.wait_until(lock, until, [&] {
    return inbox_->is_notified || !inbox_->arrived.empty() || inbox_->is_stopping != was_stopping;
  });
  inbox_->is_notified = false;
}

// True where something was taken, so that there may be more.
bool Dispatcher::take_more() {
  const std::size_t held = running_.size() + finished_.size();
  if (held >= options_.concurrency) return false;
  const auto has_work = in_read(database_, [](Transaction& t) { return has_due(t, now()); });
  if (!has_work) warn("async.failed", has_work.error());
  if (!has_work || !*has_work) return false;
  auto taken = in_write(
      database_, [&](Transaction& t) { return take_due(t, now(), options_.limits, options_.concurrency - held); });
  if (!taken) {
    warn("async.failed", taken.error());
    return false;
  }
  metrics_.interrupted.add(static_cast<std::uint64_t>(taken->interrupted));
  metrics_.dead.add(taken->dead.size());
  for (const std::string& id : taken->dead) log::warning("async.dead", {{"id", id}, {"reason", "async.interrupted"}});
  for (AsyncLease& lease : taken->leases) begin(std::move(lease));
  return !taken->leases.empty();
}

void Dispatcher::begin(AsyncLease lease) {
  auto message = payloads_.get(lease.payload);
  if (!message) {
    finished_.push_back({std::move(lease), {fail(message.error()), ""}, now()});
    return;
  }
  std::string name = name_of(lease);
  AsyncJob job{lease.request, *std::move(message)};
  running_.emplace(name, std::move(lease));
  run_(std::move(job), [inbox = inbox_, name](AsyncOutcome outcome) {
    {
      const std::lock_guard lock(inbox->mutex);
      inbox->arrived.emplace_back(name, std::move(outcome));
    }
    inbox->wake.notify_all();
  });
}

void Dispatcher::collect() {
  std::vector<std::pair<std::string, AsyncOutcome>> arrived;
  {
    const std::lock_guard lock(inbox_->mutex);
    arrived.swap(inbox_->arrived);
  }
  for (auto& [name, outcome] : arrived) {
    auto lease = running_.extract(name);
    finished_.push_back({std::move(lease.mapped()), std::move(outcome), now()});
  }
}

Dispatcher::Settlement Dispatcher::settlement_of(const Finished& finished) {
  Status outcome = finished.outcome.answer ? Status() : fail(finished.outcome.answer.error());
  Settlement made;
  if (outcome) {
    auto stored = payloads_.put(name_of(finished.lease), *finished.outcome.answer);
    if (stored) {
      made.answer = *std::move(stored);
    } else {
      outcome = fail(stored.error());
    }
  }
  made.verdict = judge(finished.lease.request.attempts, outcome, options_.limits, now(), random_.next());
  made.attempt = {.number = finished.lease.fence,
                  .version = finished.lease.request.target.version,
                  .started_at = finished.lease.started_at,
                  .ended_at = finished.ended_at,
                  .code = outcome ? Code::kOk : outcome.error().code,
                  .reason = outcome ? "" : outcome.error().reason,
                  .message = outcome ? "" : outcome.error().message,
                  .record = finished.outcome.record};
  return made;
}

// All in one commit; where that fails, one by one, so that none is held up by another. What cannot be written is run
// again when its lease ends.
void Dispatcher::settle_finished() {
  if (finished_.empty()) return;
  std::vector<Finished> finished;
  finished.swap(finished_);
  std::vector<Settlement> settlements;
  settlements.reserve(finished.size());
  for (const Finished& one : finished) settlements.push_back(settlement_of(one));
  if (try_settle(finished, settlements) || finished.size() == 1) return;
  for (std::size_t i = 0; i < finished.size(); ++i) try_settle({finished[i]}, {settlements[i]});
}

bool Dispatcher::try_settle(const std::vector<Finished>& finished, const std::vector<Settlement>& settlements) {
  const auto settled = in_write(database_, [&](Transaction& t) -> Result<std::vector<bool>> {
    std::vector<bool> made;
    for (std::size_t i = 0; i < finished.size(); ++i) {
      const Settlement& one = settlements[i];
      SLIPWAY_TRY(const bool is_ours, settle(t, finished[i].lease, one.attempt, one.verdict, one.answer));
      made.push_back(is_ours);
    }
    return made;
  });
  if (!settled) {
    warn("async.settle_failed", settled.error());
    return false;
  }
  for (std::size_t i = 0; i < finished.size(); ++i) note(finished[i], settlements[i], (*settled)[i]);
  return true;
}

void Dispatcher::note(const Finished& finished, const Settlement& settlement, bool is_settled) {
  if (!is_settled) {
    metrics_.lost.add();
    if (settlement.answer) payloads_.remove(*settlement.answer);
    return;
  }
  switch (settlement.verdict.state) {
    case AsyncState::kSucceeded:
      metrics_.succeeded.add();
      metrics_.completion.observe(
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, (now() - finished.lease.request.queued_at).count())));
      break;
    case AsyncState::kDead:
      metrics_.dead.add();
      log::warning("async.dead", {{"id", finished.lease.request.id},
                                  {"model", finished.lease.request.target.model},
                                  {"version", finished.lease.request.target.version},
                                  {"reason", settlement.attempt.reason}});
      break;
    case AsyncState::kQueued:
    case AsyncState::kRunning:
      metrics_.retried.add();
      break;
  }
}

void Dispatcher::prolong_leases() {
  if (running_.empty() || !is_due(prolong_due_, options_.limits.lease / 3)) return;
  std::vector<AsyncLease> leases;
  leases.reserve(running_.size());
  for (const auto& [name, lease] : running_) leases.push_back(lease);
  const Status kept =
      database_.write([&](Transaction& t) { return prolong(t, leases, now() + options_.limits.lease); });
  if (!kept) warn("async.failed", kept.error());
}

void Dispatcher::give_back_all() {
  if (running_.empty()) return;
  const Status given = database_.write([&](Transaction& t) -> Status {
    for (const auto& [name, lease] : running_) SLIPWAY_CHECK(give_back(t, lease, now()));
    return {};
  });
  if (!given) warn("async.failed", given.error());
  running_.clear();
}

void Dispatcher::keep_house() {
  if (is_due(count_due_, kCountInterval)) {
    const auto counts = in_read(database_, [](Transaction& t) { return AsyncStore().counts(t); });
    if (counts) metrics_.show(*counts, now());
  }
  if (is_due(forget_due_, kForgetInterval)) {
    for (const Status& forgotten :
         {forget(AsyncState::kSucceeded, options_.answers_kept), forget(AsyncState::kDead, options_.letters_kept)}) {
      if (!forgotten) warn("async.forget_failed", forgotten.error());
    }
  }
  if (is_due(sweep_due_, kSweepInterval)) {
    if (const auto swept = payloads_.sweep(database_, now() - kOrphanAge); !swept) {
      warn("async.sweep_failed", swept.error());
    }
  }
}

Status Dispatcher::forget(AsyncState state, std::chrono::minutes kept) {
  const WallTime before = now() - kept;
  while (true) {
    SLIPWAY_TRY(const auto forgotten, in_write(database_, [&](Transaction& t) {
                  return AsyncStore().forget(t, state, before, kForgetAtOnce);
                }));
    for (const StoredPayload& payload : forgotten) payloads_.remove(payload);
    if (std::ssize(forgotten) < kForgetAtOnce) return {};
  }
}

}  // namespace slipway

#include "outbox/deliverer.h"

#include "base/log.h"
#include "outbox/signature.h"

namespace slipway {
namespace {

constexpr std::size_t kTargetsAtOnce = 16;
constexpr int kDeliveriesPerLease = 100;  // then others get their turn
constexpr std::chrono::seconds kLeaseMargin{5};
constexpr std::chrono::minutes kForgetInterval{10};
constexpr std::int64_t kForgetAtOnce = 1'000;

WallTime now() { return system_clock().now(); }

metrics::Description described(std::string name, std::string help, std::vector<std::string> label_names) {
  metrics::Description description;
  description.name = std::move(name);
  description.help = std::move(help);
  description.label_names = std::move(label_names);
  return description;
}

void warn(std::string_view event, const Error& error) {
  log::warning(event, {{"reason", error.reason}, {"message", error.message}});
}

}  // namespace

SendOutcome send_webhook(HttpSender& sender, const WebhookAddress& address, const Delivery& delivery, WallTime time) {
  const std::string timestamp =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
  HttpPost request{address.url, {}, delivery.body};
  request.headers.emplace_back("X-MLflow-Delivery-Id", delivery.id);
  request.headers.emplace_back("X-MLflow-Timestamp", timestamp);
  if (!address.secret.is_empty()) {
    request.headers.emplace_back("X-MLflow-Signature",
                                 webhook_signature(address.secret, delivery.id, timestamp, delivery.body));
  }
  return sender.post(request);
}

// One thread's part: it owns its connections.
class Deliverer::Worker {
 public:
  Worker(Deliverer& owner, HttpSender guarded, HttpSender trusted)
      : owner_(owner),
        guarded_(std::move(guarded)),
        trusted_(std::move(trusted)),
        delivered_(owner.attempts_.with({"delivered"})),
        failed_(owner.attempts_.with({"failed"})) {}

  // One of the threads also forgets.
  void run(bool forgets) {
    std::uint64_t seen = 0;
    Monotonic forget_due = system_clock().monotonic();
    while (!owner_.is_stopping_.load()) {
      if (forgets && system_clock().monotonic() >= forget_due) {
        forget_due += kForgetInterval;
        if (const Status forgotten = forget(); !forgotten) warn("outbox.forget_failed", forgotten.error());
      }
      const auto worked = serve_targets();
      if (!worked) warn("outbox.failed", worked.error());
      if (worked && *worked) continue;
      std::unique_lock lock(owner_.mutex_);
      owner_.wake_.wait_for(lock, owner_.settings_.poll_interval,
                            [&] { return owner_.is_stopping_.load() || owner_.wakes_ != seen; });
      seen = owner_.wakes_;
    }
  }

 private:
  enum class Step { kSettled, kNothing, kFailed };

  WallTime lease_end() const { return now() + owner_.settings_.policy.timeout + kLeaseMargin; }

  Status forget() {
    const WallTime before = now() - owner_.settings_.kept;
    for (std::int64_t forgotten = kForgetAtOnce; forgotten == kForgetAtOnce;) {
      SLIPWAY_CHECK(owner_.database_.write([&](Transaction& t) -> Status {
        SLIPWAY_TRY(forgotten, Outbox().forget(t, before, kForgetAtOnce));
        return {};
      }));
    }
    return {};
  }

  // True where something was sent, so that there may be more.
  Result<bool> serve_targets() {
    std::vector<std::string> targets;
    SLIPWAY_CHECK(owner_.database_.read([&](Transaction& t) -> Status {
      SLIPWAY_TRY(targets, due_targets(t, now(), kTargetsAtOnce));
      return {};
    }));
    for (const std::string& target : targets) {
      std::optional<Lease> lease;
      SLIPWAY_CHECK(owner_.database_.write([&](Transaction& t) -> Status {
        SLIPWAY_TRY(lease, take_lease(t, target, now(), lease_end()));
        return {};
      }));
      if (!lease) continue;
      SLIPWAY_CHECK(serve(*lease));
      return true;
    }
    return false;
  }

  Status serve(const Lease& lease) {
    Status status;
    std::int64_t failures = lease.failures;
    for (int i = 0; i < kDeliveriesPerLease && !owner_.is_stopping_.load(); ++i) {
      const auto step = serve_next(lease, failures);
      if (!step) status = fail(step.error());
      if (!step || *step != Step::kSettled) break;
      failures = 0;
    }
    const Status given_up = owner_.database_.write([&](Transaction& t) { return give_up_lease(t, lease); });
    return status ? given_up : status;
  }

  Result<Step> serve_next(const Lease& lease, std::int64_t failures) {
    std::optional<Delivery> delivery;
    std::optional<WebhookAddress> address;
    SLIPWAY_CHECK(owner_.database_.read([&](Transaction& t) -> Status {
      SLIPWAY_TRY(delivery, next_delivery(t, lease.target));
      SLIPWAY_TRY(address, webhook_address(t, lease.target));
      return {};
    }));
    const bool is_lineage = lease.target == kOpenLineageTarget;
    if (!delivery || !(address || is_lineage)) return Step::kNothing;
    DeliveryAttempt attempt;
    attempt.started_at = now();
    const SendOutcome outcome =
        is_lineage ? send_lineage(*delivery) : send_webhook(guarded_, *address, *delivery, attempt.started_at);
    if (owner_.is_stopping_.load() && !outcome.is_delivered()) return Step::kNothing;  // broken off by us
    attempt.latency_us = outcome.latency.count();
    attempt.http_status = outcome.status;
    attempt.error = outcome.error;
    return settle_attempt(lease, *delivery, attempt, outcome, failures);
  }

  SendOutcome send_lineage(const Delivery& delivery) {
    HttpPost request{owner_.settings_.openlineage_url, {}, delivery.body};
    const std::string_view key = owner_.settings_.openlineage_key.reveal();
    if (!key.empty()) request.headers.emplace_back("authorization", "Bearer " + std::string(key));
    return trusted_.post(request);
  }

  Result<Step> settle_attempt(const Lease& lease, const Delivery& delivery, const DeliveryAttempt& attempt,
                              const SendOutcome& outcome, std::int64_t failures) {
    const DeliveryLimits& limits = owner_.settings_.limits;
    const Verdict verdict = judge(delivery, outcome, failures, limits, now(), owner_.random_.next());
    SLIPWAY_CHECK(owner_.database_.write(
        [&](Transaction& t) { return settle(t, lease, delivery, attempt, verdict, limits, now(), lease_end()); }));
    const bool is_delivered = verdict.state == DeliveryState::kDelivered;
    (is_delivered ? delivered_ : failed_).add();
    if (verdict.state == DeliveryState::kDead) {
      owner_.dead_.add();
      log::warning("outbox.dead", {{"delivery", delivery.id},
                                   {"target", delivery.target},
                                   {"event", delivery.event},
                                   {"error", attempt.error}});
    }
    return is_delivered ? Step::kSettled : Step::kFailed;
  }

  Deliverer& owner_;
  HttpSender guarded_;
  HttpSender trusted_;
  metrics::Counter delivered_;
  metrics::Counter failed_;
};

Deliverer::Deliverer(Database& database, DelivererSettings settings, metrics::Registry& registry, Random& random)
    : database_(database),
      settings_(std::move(settings)),
      random_(random),
      attempts_(
          registry.counter(described("slipway_outbox_attempts_total",
                                     "Attempts to deliver an event to a webhook or a lineage server.", {"outcome"}))),
      dead_(
          registry.counter(described("slipway_outbox_dead_total", "Deliveries given up after their last attempt.", {}))
              .with({})) {}

Deliverer::~Deliverer() { stop(); }

Status Deliverer::start() {
  SLIPWAY_CHECK(
      database_.write([&](Transaction& t) { return set_openlineage(t, !settings_.openlineage_url.empty()); }));
  SendPolicy trusted = settings_.policy;
  trusted.allows_private = true;
  for (unsigned i = 0; i < settings_.threads; ++i) {
    SLIPWAY_TRY(HttpSender guarded_sender, HttpSender::make(settings_.policy, &is_stopping_));
    SLIPWAY_TRY(HttpSender trusted_sender, HttpSender::make(trusted, &is_stopping_));
    auto worker = std::make_shared<Worker>(*this, std::move(guarded_sender), std::move(trusted_sender));
    threads_.emplace_back([worker, forgets = i == 0] { worker->run(forgets); });
  }
  return {};
}

void Deliverer::stop() {
  is_stopping_ = true;
  notify();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Deliverer::notify() {
  {
    const std::lock_guard lock(mutex_);
    ++wakes_;
  }
  wake_.notify_all();
}

}  // namespace slipway

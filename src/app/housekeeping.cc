#include "app/housekeeping.h"

#include "base/log.h"
#include "registry/garbage.h"
#include "registry/uploads.h"
#include "tracking/artifact_uploads.h"

namespace slipway {
namespace {

constexpr std::chrono::seconds kTick{5};
constexpr std::chrono::minutes kUsesInterval{1};
constexpr std::chrono::hours kGarbageInterval{1};

void report(std::string_view event, const Status& status) {
  if (!status) log::error(event, {{"reason", status.error().reason}, {"message", status.error().message}});
}

metrics::Family family(std::string name, std::string help, metrics::Type type, double value) {
  metrics::Family made;
  made.name = std::move(name);
  made.help = std::move(help);
  made.type = type;
  made.samples.emplace_back().value = value;
  return made;
}

}  // namespace

Housekeeping::Housekeeping(Database& database, ObjectStore& objects, AccessControl& access,
                           const audit::AuditLog& audit, const Admission& admission, metrics::Registry& registry)
    : database_(database),
      objects_(objects),
      access_(access),
      garbage_due_(std::chrono::steady_clock::now()),
      uses_due_(garbage_due_ + kUsesInterval) {
  registry.add_collector([&audit, &admission](std::vector<metrics::Family>& families) {
    using metrics::Type;
    const audit::LogStats stats = audit.stats();
    families.push_back(family("slipway_audit_records_total", "Records accepted into the log.", Type::kCounter,
                              static_cast<double>(stats.records)));
    families.push_back(family("slipway_audit_commits_total", "Commits of the log since the start.", Type::kCounter,
                              static_cast<double>(stats.commits)));
    families.push_back(family("slipway_audit_refused_total",
                              "Records refused because the queue was full or the log had failed.", Type::kCounter,
                              static_cast<double>(stats.refused)));
    families.push_back(family("slipway_audit_pending_records",
                              "Records accepted and not yet durable: the possible loss.", Type::kGauge,
                              static_cast<double>(stats.pending_records)));
    families.push_back(family("slipway_audit_pending_bytes", "Bytes accepted and not yet durable.", Type::kGauge,
                              static_cast<double>(stats.pending_bytes)));
    families.push_back(family("slipway_audit_failed", "1 when the log has failed and refuses every record.",
                              Type::kGauge, stats.has_failed ? 1 : 0));
    families.push_back(family("slipway_predictions_in_flight", "Predictions admitted and not yet answered.",
                              Type::kGauge, admission.in_flight()));
  });
  thread_ = std::thread([this] { loop(); });
}

Housekeeping::~Housekeeping() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Housekeeping::loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kTick, [this] { return is_stopping_; })) {
    lock.unlock();
    tick();
    lock.lock();
  }
}

void Housekeeping::tick() {
  const auto now = std::chrono::steady_clock::now();
  report("access.refresh_failed", access_.refresh());
  if (now >= uses_due_) {
    uses_due_ = now + kUsesInterval;
    report("access.flush_failed", access_.flush_last_used());
  }
  if (now < garbage_due_) return;
  garbage_due_ = now + kGarbageInterval;
  report("artifacts.uploads_failed", database_.write([](Transaction& t) {
    return ArtifactUploads().remove_older(t, system_clock().now() - kUploadKept);
  }));
  const auto collected = collect_garbage(database_, objects_, system_clock(), kUploadKept);
  if (!collected) {
    report("registry.garbage_failed", fail(collected.error()));
  } else if (collected->objects > 0) {
    log::info("registry.garbage", {{"objects", collected->objects}, {"bytes", collected->size_bytes}});
  }
}

}  // namespace slipway

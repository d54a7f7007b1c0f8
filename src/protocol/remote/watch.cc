#include "protocol/remote/watch.h"

#include "base/log.h"

namespace slipway {
namespace {

constexpr std::chrono::seconds kLookMax{2};

}  // namespace

HttpRemoteWatch::HttpRemoteWatch(std::shared_ptr<const HttpRemoteEndpoint> endpoint, const Digest& metadata,
                                 metrics::Gauge ready)
    : endpoint_(std::move(endpoint)),
      metadata_(metadata),
      ready_(std::move(ready)),
      last_(fail(endpoint_->named({Code::kUnavailable, "remote.unreachable", "it has not been looked at yet", {}}))) {
  ready_.set(0);
}

void HttpRemoteWatch::tick() {
  if (std::exchange(is_looking_, true)) return;
  start(look(shared_from_this()), [self = shared_from_this()](Status status) {
    self->is_looking_ = false;
    self->settle(status);
  });
}

Task<Status> HttpRemoteWatch::look(std::shared_ptr<HttpRemoteWatch> self) {
  const HttpRemoteEndpoint& endpoint = *self->endpoint_;
  const Monotonic deadline = std::chrono::steady_clock::now() + kLookMax;
  const auto found = co_await endpoint.describe(self->executor_, deadline);
  if (!found) co_return fail(found.error());
  const Digest metadata = metadata_digest(found->model);
  if (metadata != self->metadata_) {
    co_return fail(endpoint.named({Code::kUnavailable,
                                   "remote.changed",
                                   "it describes the model as " + metadata.hex() + ", not as at the trial, " +
                                       self->metadata_.hex() + "; push the description again as a new version",
                                   {}}));
  }
  co_return co_await endpoint.ask_readiness(self->executor_, deadline);
}

// A look that only took too long, or found the model loading, says nothing against asking.
void HttpRemoteWatch::settle(const Status& status) {
  const std::string reason = status ? "" : status.error().reason;
  if (status) is_usable_ = true;
  if (reason == "remote.changed" || reason == "remote.unreachable") is_usable_ = false;
  ready_.set(status ? 1 : 0);
  bool is_news = false;
  {
    std::lock_guard lock(mutex_);
    is_news = !has_looked_ || reason != (last_ ? "" : last_.error().reason);
    last_ = status;
    has_looked_ = true;
  }
  looked_.notify_all();
  if (!is_news) return;
  const RemoteTarget& target = endpoint_->target();
  if (status) {
    log::info("remote.ready", {{"remote", target.url}, {"model", target.model}});
  } else {
    log::warning(
        "remote.not_ready",
        {{"remote", target.url}, {"model", target.model}, {"reason", reason}, {"message", status.error().message}});
  }
}

Status HttpRemoteWatch::readiness() const {
  std::lock_guard lock(mutex_);
  return last_;
}

Status HttpRemoteWatch::usability() const {
  if (is_usable_.load(std::memory_order_acquire)) return {};
  std::lock_guard lock(mutex_);
  return last_;
}

void HttpRemoteWatch::wait_for_first_look(Monotonic deadline) const {
  std::unique_lock lock(mutex_);
  looked_.wait_until(lock, deadline, [this] { return has_looked_; });
}

}  // namespace slipway

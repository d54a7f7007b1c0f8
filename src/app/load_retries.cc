#include "app/load_retries.h"

#include <algorithm>

namespace slipway {

bool LoadRetries::is_due(std::string_view version, std::string_view stamp, Monotonic now) const {
  const auto failure = failures_.find(version);
  return failure == failures_.end() || failure->second.stamp != stamp || now >= failure->second.due;
}

bool LoadRetries::note_failure(const std::string& version, std::string stamp, std::string reason, Monotonic now) {
  Failure& failure = failures_[version];
  const bool is_same_bytes = failure.stamp == stamp;
  const bool is_news = failure.reason != reason;
  failure.delay = is_same_bytes ? std::clamp(2 * failure.delay, first_delay_, kDelayMax) : first_delay_;
  failure.due = now + failure.delay;
  failure.stamp = std::move(stamp);
  failure.reason = std::move(reason);
  return is_news;
}

void LoadRetries::make_due() {
  for (auto& [version, failure] : failures_) {
    failure.delay = {};
    failure.due = {};
  }
}

void LoadRetries::keep_only(const std::set<std::string>& versions) {
  std::erase_if(failures_, [&](const auto& failure) { return !versions.contains(failure.first); });
}

}  // namespace slipway

// When a version that could not be loaded is tried again: each time after twice as long, since a load reads and hashes
// every byte; at once when its bytes or what else is served have changed. Pure.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace slipway {

class LoadRetries {
 public:
  static constexpr std::chrono::milliseconds kDelayMax = std::chrono::minutes(5);

  explicit LoadRetries(std::chrono::milliseconds first_delay) : first_delay_(first_delay) {}

  // True for a version that never failed. `stamp` changes with the stored bytes.
  bool is_due(std::string_view version, std::string_view stamp, Monotonic now) const;
  // True when it never failed for this reason: worth a line in the log.
  bool note_failure(const std::string& version, std::string stamp, std::string reason, Monotonic now);
  void note_success(const std::string& version) { failures_.erase(version); }
  // What is served has changed: everything is due. It goes on as after one failure.
  void make_due();
  void keep_only(const std::set<std::string>& versions);
  std::size_t size() const noexcept { return failures_.size(); }

 private:
  struct Failure {
    std::string stamp;
    std::string reason;
    std::chrono::milliseconds delay{};
    Monotonic due{};
  };
  const std::chrono::milliseconds first_delay_;
  std::map<std::string, Failure, std::less<>> failures_;
};

}  // namespace slipway

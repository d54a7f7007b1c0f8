// Who waits for a version to be loaded, and until when. Not thread-safe: its owner locks.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace slipway {

class LoadWaiters {
 public:
  static constexpr std::size_t kWaitingMax = 10'000;
  using Done = std::function<void(Status)>;
  using Answers = std::vector<std::pair<Done, Status>>;  // to be called without the owner's lock

  // False when too many wait.
  bool add(const std::string& version_id, Monotonic deadline, Done done);
  void ask(const std::string& version_id) { asked_[version_id]; }  // nobody waits

  bool is_asked_for(const std::string& version_id) const { return asked_.contains(version_id); }
  std::optional<Monotonic> next_deadline() const;

  void answer(const std::string& version_id, const Status& status, Answers& answers);
  void answer_all(const Status& status, Answers& answers);
  // Those whose deadline has passed; the version stays asked for.
  void expire(Monotonic now, Answers& answers);
  // What is asked for and not in `known`: answered as not to be had.
  void keep_only(const std::set<std::string>& known, Answers& answers);

 private:
  struct Waiter {
    Monotonic deadline;
    Done done;
  };
  std::map<std::string, std::vector<Waiter>> asked_;
  std::size_t waiting_ = 0;
};

}  // namespace slipway

#include "app/load_waiters.h"

#include <algorithm>

namespace slipway {

bool LoadWaiters::add(const std::string& version_id, Monotonic deadline, Done done) {
  if (waiting_ >= kWaitingMax) return false;
  asked_[version_id].push_back({deadline, std::move(done)});
  ++waiting_;
  return true;
}

std::optional<Monotonic> LoadWaiters::next_deadline() const {
  std::optional<Monotonic> next;
  for (const auto& [id, waiters] : asked_) {
    for (const Waiter& waiter : waiters) next = std::min(next.value_or(waiter.deadline), waiter.deadline);
  }
  return next;
}

void LoadWaiters::answer(const std::string& version_id, const Status& status, Answers& answers) {
  const auto found = asked_.find(version_id);
  if (found == asked_.end()) return;
  for (Waiter& waiter : found->second) answers.emplace_back(std::move(waiter.done), status);
  waiting_ -= found->second.size();
  asked_.erase(found);
}

void LoadWaiters::answer_all(const Status& status, Answers& answers) {
  while (!asked_.empty()) answer(std::string(asked_.begin()->first), status, answers);
}

void LoadWaiters::expire(Monotonic now, Answers& answers) {
  for (auto& [id, waiters] : asked_) {
    waiting_ -= std::erase_if(waiters, [&](Waiter& waiter) {
      if (waiter.deadline > now) return false;
      answers.emplace_back(std::move(waiter.done), fail(Code::kUnavailable, "serving.loading",
                                                        "the model is still being loaded; try again shortly"));
      return true;
    });
  }
}

void LoadWaiters::keep_only(const std::set<std::string>& known, Answers& answers) {
  std::vector<std::string> gone;
  for (const auto& [id, waiters] : asked_) {
    if (!known.contains(id)) gone.push_back(id);
  }
  for (const std::string& id : gone) {
    answer(id, fail(Code::kNotFound, "model.version_not_served", "the version is no longer served"), answers);
  }
}

}  // namespace slipway

#include "tracking/tracking.h"

#include <array>
#include <utility>

namespace slipway {
namespace {

using namespace std::string_view_literals;

constexpr std::array kRunStatuses{"RUNNING"sv, "SCHEDULED"sv, "FINISHED"sv, "FAILED"sv, "KILLED"sv};
constexpr std::array kModelStatuses{"LOGGED_MODEL_PENDING"sv, "LOGGED_MODEL_READY"sv, "LOGGED_MODEL_UPLOAD_FAILED"sv};
constexpr std::array kViewTypes{"ACTIVE_ONLY"sv, "DELETED_ONLY"sv, "ALL"sv};

template <typename Enum, std::size_t kCount>
std::optional<Enum> find(const std::array<std::string_view, kCount>& names, std::string_view text) noexcept {
  for (std::size_t i = 0; i < kCount; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(LifecycleStage stage) noexcept {
  return stage == LifecycleStage::kActive ? "active" : "deleted";
}
std::string_view to_string(RunStatus status) noexcept { return kRunStatuses[static_cast<std::size_t>(status)]; }
std::optional<RunStatus> parse_run_status(std::string_view text) noexcept {
  return find<RunStatus>(kRunStatuses, text);
}
std::string_view to_string(LoggedModelStatus status) noexcept {
  return kModelStatuses[static_cast<std::size_t>(status)];
}
std::optional<LoggedModelStatus> parse_logged_model_status(std::string_view text) noexcept {
  return find<LoggedModelStatus>(kModelStatuses, text);
}
std::optional<ViewType> parse_view_type(std::string_view text) noexcept { return find<ViewType>(kViewTypes, text); }

}  // namespace slipway

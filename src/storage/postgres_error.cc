#include "storage/postgres_error.h"

#include <algorithm>
#include <array>

namespace slipway {
namespace {

using namespace std::string_view_literals;

bool is_conflict(std::string_view state) {
  // serialization_failure, deadlock_detected, lock_not_available
  constexpr std::array kStates = {"40001"sv, "40P01"sv, "55P03"sv};
  return std::ranges::find(kStates, state) != kStates.end();
}

bool is_constraint(std::string_view state) {
  return state.starts_with("23") || state == "P0001";  // P0001: RAISE EXCEPTION in a trigger
}

bool is_unavailable(std::string_view state) {
  // Classes: connection, insufficient resources, operator intervention (shutdown, timeout), system error. 25P03: idle
  // in a transaction for too long. 25006: the server is a standby.
  constexpr std::array kClasses = {"08"sv, "53"sv, "57"sv, "58"sv, "28"sv, "3D"sv};
  return state.empty() || state == "25P03" || state == "25006" ||
         std::ranges::any_of(kClasses, [&](std::string_view prefix) { return state.starts_with(prefix); });
}

}  // namespace

Error postgres_error(std::string_view state, std::string message) {
  if (state == "23505" || state == "23P01") return {Code::kAlreadyExists, "sql.unique", std::move(message), {}};
  if (is_constraint(state)) return {Code::kFailedPrecondition, "sql.constraint", std::move(message), {}};
  if (is_conflict(state)) return {Code::kAborted, "sql.conflict", std::move(message), {}};
  if (is_unavailable(state)) return {Code::kUnavailable, "sql.unavailable", std::move(message), {}};
  return {Code::kInternal, "sql.error", std::move(message), {}};
}

}  // namespace slipway

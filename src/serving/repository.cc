#include "serving/repository.h"

namespace slipway {

std::string_view to_string(ServingState state) noexcept {
  switch (state) {
    case ServingState::kReady:
      return "READY";
    case ServingState::kLoading:
      return "LOADING";
    case ServingState::kUnloading:
      return "UNLOADING";
    case ServingState::kUnavailable:
      return "UNAVAILABLE";
  }
  return "UNKNOWN";
}

}  // namespace slipway

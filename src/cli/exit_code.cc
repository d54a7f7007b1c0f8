#include "cli/exit_code.h"

namespace slipway::cli {

ExitCode exit_code_of(const Error& error) noexcept {
  if (error.reason == kUsageReason) return kUsage;
  if (error.reason == kUnreachableReason) return kUnreachable;
  return kRefused;
}

tl::unexpected<Error> usage_error(std::string message) {
  return fail(Code::kInvalidArgument, kUsageReason, std::move(message));
}

}  // namespace slipway::cli

// The settings of the logging extension as they stand here: lines of JSON on standard error, of one level and above.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"

namespace slipway {

std::string log_settings_body();
// The level that a change of the settings asks for; what it does not name stays as in `current`. invalid_argument
// "logging.request"; unimplemented "logging.unsupported" for a file, another format, or no errors.
Result<log::Level> read_log_settings(std::string_view json, log::Level current);

log::Level current_log_level() noexcept;

}  // namespace slipway

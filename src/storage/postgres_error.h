// SQLSTATE codes (PostgreSQL manual, appendix A) as errors of storage/sql.h.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

// `state`: five characters, or empty where libpq failed by itself, which is a lost connection.
Error postgres_error(std::string_view state, std::string message);

}  // namespace slipway

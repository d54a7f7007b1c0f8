// SQLite's result codes as errors of storage/sql.h.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway {

// `extended_code`: as of sqlite3_extended_errcode(). `is_read_only`: the connection refuses writes on purpose.
Error sqlite_error(int extended_code, std::string message, bool is_read_only);

}  // namespace slipway

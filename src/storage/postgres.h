// PostgreSQL 14 or newer: a pool of connections, serializable writes that are run again when they conflict.
#pragma once

#include <memory>
#include <string>

#include "storage/driver.h"

namespace slipway {

// `uri`: as libpq takes it. Connects once before it returns.
Result<std::unique_ptr<Driver>> open_postgres(const std::string& uri);

}  // namespace slipway

// SQLite: one writer connection, several readers on snapshots of the write-ahead log.
//
// A database in memory has no such log: there a reader waits for the writer, and the writer for readers.
#pragma once

#include <memory>
#include <string>

#include "storage/driver.h"

namespace slipway {

// `path`: a file, made if absent, or ":memory:" for a database that lives as long as the Driver.
Result<std::unique_ptr<Driver>> open_sqlite(const std::string& path);

}  // namespace slipway

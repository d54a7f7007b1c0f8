#include "storage/sqlite_error.h"

#include <sqlite3.h>

namespace slipway {

Error sqlite_error(int extended_code, std::string message, bool is_read_only) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return {Code::kAlreadyExists, "sql.unique", std::move(message), {}};
    default:
      break;
  }
  switch (extended_code & 0xff) {
    case SQLITE_CONSTRAINT:
      return {Code::kFailedPrecondition, "sql.constraint", std::move(message), {}};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::kAborted, "sql.conflict", std::move(message), {}};
    case SQLITE_READONLY:
      if (is_read_only) break;
      [[fallthrough]];
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_PROTOCOL:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return {Code::kUnavailable, "sql.unavailable", std::move(message), {}};
    default:
      break;
  }
  return {Code::kInternal, "sql.error", std::move(message), {}};
}

}  // namespace slipway

// Runs a body that has a value in one transaction: auto version = in_write(database, [&](Transaction& t) { … });
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "storage/sql.h"

namespace slipway {

// Body: Transaction& -> Result<T>. The same rules as Database::write: it may run again, so it acts on the database
// alone.
template <typename Body>
std::invoke_result_t<Body&, Transaction&> in_write(Database& database, Body&& body) {
  std::optional<typename std::invoke_result_t<Body&, Transaction&>::value_type> value;
  SLIPWAY_CHECK(database.write([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(value, body(transaction));
    return {};
  }));
  return *std::move(value);
}

template <typename Body>
std::invoke_result_t<Body&, Transaction&> in_read(Database& database, Body&& body) {
  std::optional<typename std::invoke_result_t<Body&, Transaction&>::value_type> value;
  SLIPWAY_CHECK(database.read([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(value, body(transaction));
    return {};
  }));
  return *std::move(value);
}

}  // namespace slipway

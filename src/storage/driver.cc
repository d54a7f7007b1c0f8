#include "storage/driver.h"

#include <exception>

#include "base/bytes.h"

namespace slipway {
namespace {

// Text that one of the two cannot keep is refused by both.
Status check_arguments(const SqlArguments& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto* text = std::get_if<std::string>(&arguments[i]);
    if (text == nullptr) continue;
    const auto refuse = [&](const std::string& why) {
      return fail(Code::kInvalidArgument, "sql.text", "argument $" + std::to_string(i + 1) + why);
    };
    if (text->find('\0') != std::string::npos) return refuse(" has a NUL character, which text cannot hold");
    if (!is_utf8(*text)) return refuse(" is not UTF-8: " + quoted(*text));
  }
  return {};
}

Status run_guarded(const ConnectionBody& body, Connection& connection) {
  try {
    return body(connection);
  } catch (const std::exception& exception) {
    return fail(Code::kInternal, "sql.error", std::string("the function of a transaction threw: ") + exception.what());
  } catch (...) {
    return fail(Code::kInternal, "sql.error", "the function of a transaction threw something");
  }
}

}  // namespace

template <typename Run>
auto Connection::guarded(Run run) -> decltype(run()) {
  if (failure_) return fail(*failure_);
  auto result = run();
  if (!result) failure_ = result.error();
  return result;
}

Result<std::vector<Row>> Connection::query(std::string_view sql, const SqlArguments& arguments) {
  return guarded([&]() -> Result<std::vector<Row>> {
    SLIPWAY_CHECK(check_arguments(arguments));
    return run_query(sql, arguments);
  });
}

Result<std::int64_t> Connection::execute(std::string_view sql, const SqlArguments& arguments) {
  return guarded([&]() -> Result<std::int64_t> {
    SLIPWAY_CHECK(check_arguments(arguments));
    return run_execute(sql, arguments);
  });
}

Status Connection::execute_batch(std::string_view sql, std::span<const SqlArguments> rows) {
  return guarded([&]() -> Status {
    if (rows.empty()) return {};
    for (const SqlArguments& row : rows) SLIPWAY_CHECK(check_arguments(row));
    return run_batch(sql, rows);
  });
}

Status Connection::run_script(std::string_view sql) {
  return guarded([&] { return run_statements(std::string(sql)); });
}

Status Driver::write(const std::function<Status(Transaction&)>& body) {
  return run(TransactionMode::kWrite, [&](Connection& connection) { return body(connection); });
}

Status Driver::read(const std::function<Status(Transaction&)>& body) {
  return run(TransactionMode::kRead, [&](Connection& connection) { return body(connection); });
}

Status run_body(Connection& connection, const ConnectionBody& body) {
  Status status = run_guarded(body, connection);
  if (status && connection.failure()) return fail(*connection.failure());
  return status;
}

Status run_transaction(Connection& connection, TransactionMode mode, const ConnectionBody& body) {
  SLIPWAY_CHECK(connection.begin(mode));
  Status status = run_body(connection, body);
  if (status) status = connection.commit();
  if (!status) connection.rollback();
  return status;
}

}  // namespace slipway

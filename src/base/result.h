// The one way an expected failure travels: as a value.
//
// A function that can fail returns Result<T>. Exceptions never cross a module and never run on the request path.
// Mapping of codes to HTTP, gRPC and MLflow happens at the protocol edge only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace slipway {

// The canonical codes of gRPC, same numbers.
enum class Code : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "invalid_argument", "not_found", …
std::string_view to_string(Code code) noexcept;

// One violation or cause inside an Error, for machines: where it is, what was found, which rule it broke.
struct ErrorDetail {
  std::string field;
  std::int64_t row = -1;  // -1: not about a row
  std::string found;
  std::string rule;
};

struct Error {
  Code code = Code::kUnknown;
  std::string reason;   // stable, for machines: "contract.out_of_range"
  std::string message;  // for people: the field, what was found, what would be accepted
  std::vector<ErrorDetail> details;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// return fail(Code::kNotFound, "model.not_found", "model 'x' does not exist");
inline tl::unexpected<Error> fail(Code code, std::string_view reason, std::string message) {
  return tl::unexpected<Error>(Error{code, std::string(reason), std::move(message), {}});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace slipway

#define SLIPWAY_CONCAT_INNER(a, b) a##b
#define SLIPWAY_CONCAT(a, b) SLIPWAY_CONCAT_INNER(a, b)

// SLIPWAY_TRY(auto value, expression); returns the error to the caller, else binds the value.
#define SLIPWAY_TRY(declaration, expression)                                                      \
  auto SLIPWAY_CONCAT(try_, __LINE__) = (expression);                                             \
  if (!SLIPWAY_CONCAT(try_, __LINE__)) [[unlikely]]                                               \
    return ::tl::unexpected<::slipway::Error>(std::move(SLIPWAY_CONCAT(try_, __LINE__)).error()); \
  declaration = *std::move(SLIPWAY_CONCAT(try_, __LINE__))

// SLIPWAY_CHECK(expression); for a Status.
#define SLIPWAY_CHECK(expression)                                           \
  do {                                                                      \
    if (auto check_ = (expression); !check_) [[unlikely]]                   \
      return ::tl::unexpected<::slipway::Error>(std::move(check_).error()); \
  } while (false)

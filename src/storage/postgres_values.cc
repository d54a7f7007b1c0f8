#include "storage/postgres_values.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <charconv>
#include <limits>
#include <string>

namespace slipway {
namespace {

// OIDs of src/include/catalog/pg_type.dat; fixed since PostgreSQL 7.
enum : PostgresType {
  kBool = 16,
  kBytea = 17,
  kName = 19,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kFloat4 = 700,
  kFloat8 = 701,
  kUnknown = 705,
  kBpchar = 1042,
  kVarchar = 1043,
  kNumeric = 1700,
  kVoid = 2278,
};
constexpr int kTextFormat = 0;
constexpr int kBinaryFormat = 1;

template <typename Unsigned>
std::array<char, sizeof(Unsigned)> big_endian(Unsigned value) {
  std::array<char, sizeof(Unsigned)> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(value >> (8 * (out.size() - 1 - i)));
  return out;
}

// Precondition: `bytes` has at least the size of the type.
template <typename Unsigned>
Unsigned from_big_endian(std::string_view bytes) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    value = static_cast<Unsigned>((value << 8) | static_cast<std::uint8_t>(bytes[i]));
  }
  return value;
}

template <typename Array>
std::string_view view(const Array& array) {
  return {array.data(), array.size()};
}

bool is_text(PostgresType type) {
  return type == kText || type == kVarchar || type == kBpchar || type == kName || type == kUnknown;
}

template <typename Integer>
bool fits(std::int64_t value) {
  return value >= std::numeric_limits<Integer>::min() && value <= std::numeric_limits<Integer>::max();
}

std::string_view kind_of(const SqlValue& value) {
  constexpr std::array<std::string_view, 5> kKinds = {"NULL", "an integer", "a real", "text", "bytes"};
  return kKinds[value.index()];
}

// NUMERIC on the wire: count of base-10000 digits, weight of the first, sign, decimal places; 16 bits each; the digits.
Result<SqlValue> decode_numeric(std::string_view bytes) {
  const auto word = [&](std::size_t i) { return from_big_endian<std::uint16_t>(bytes.substr(2 * i)); };
  const std::size_t count = bytes.size() >= 8 ? word(0) : 0;
  if (bytes.size() < 8 || bytes.size() < 8 + 2 * count) return fail(Code::kInternal, "sql.error", "a broken NUMERIC");
  const auto weight = static_cast<std::int16_t>(word(1));
  const std::uint16_t sign = word(2);
  if (sign == 0xC000) return SqlValue(std::numeric_limits<double>::quiet_NaN());
  if (sign == 0xD000) return SqlValue(std::numeric_limits<double>::infinity());
  if (sign == 0xF000) return SqlValue(-std::numeric_limits<double>::infinity());

  std::string digits = sign == 0x4000 ? "-0" : "0";
  for (std::size_t i = 0; i < count; ++i) {
    const std::string digit = std::to_string(word(4 + i));
    digits.append(4 - digit.size(), '0').append(digit);
  }
  const int exponent = 4 * (weight + 1 - static_cast<int>(count));
  if (word(3) == 0 && exponent >= 0 && exponent < 20) {
    const std::string whole = digits + std::string(static_cast<std::size_t>(exponent), '0');
    std::int64_t integer = 0;
    const auto result = std::from_chars(whole.data(), whole.data() + whole.size(), integer);
    if (result.ec == std::errc{}) return SqlValue(integer);
  }
  digits.append("e").append(std::to_string(exponent));
  double real = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), real);
  return SqlValue(real);
}

}  // namespace

Result<PostgresArguments> PostgresArguments::encode(const SqlArguments& arguments,
                                                    std::span<const PostgresType> types) {
  if (arguments.size() != types.size()) {
    return fail(Code::kInternal, "sql.error",
                "the statement takes " + std::to_string(types.size()) + " arguments, " +
                    std::to_string(arguments.size()) + " were given");
  }
  PostgresArguments out;
  out.values_.reserve(types.size());
  out.lengths_.reserve(types.size());
  out.formats_.reserve(types.size());
  out.numbers_.reserve(types.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (out.add(arguments[i], types[i])) continue;
    return fail(Code::kInternal, "sql.error",
                "argument $" + std::to_string(i + 1) + " is " + std::string(kind_of(arguments[i])) +
                    ", which does not fit the statement's type with OID " + std::to_string(types[i]) +
                    "; write CAST($" + std::to_string(i + 1) + " AS …) where the server infers the wrong one");
  }
  return out;
}

bool PostgresArguments::add(const SqlValue& value, PostgresType type) {
  if (std::holds_alternative<SqlNull>(value)) {
    values_.push_back(nullptr);
    lengths_.push_back(0);
    formats_.push_back(kBinaryFormat);
    return true;
  }
  std::array<char, 32> decimal{};
  const auto add_decimal = [&](auto number) {
    const auto end = std::to_chars(decimal.data(), decimal.data() + decimal.size(), number).ptr;
    add_number({decimal.data(), static_cast<std::size_t>(end - decimal.data())}, kTextFormat);
  };
  if (const auto* text = std::get_if<std::string>(&value); text != nullptr && is_text(type)) {
    add_bytes(*text, kBinaryFormat);
  } else if (const auto* blob = std::get_if<SqlBlob>(&value); blob != nullptr && type == kBytea) {
    add_bytes({reinterpret_cast<const char*>(blob->data()), blob->size()}, kBinaryFormat);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    if (type == kFloat8) return add(SqlValue(static_cast<double>(*integer)), type);
    if (type == kInt8) {
      add_number(view(big_endian(static_cast<std::uint64_t>(*integer))), kBinaryFormat);
    } else if ((type == kInt4 && fits<std::int32_t>(*integer)) || (type == kInt2 && fits<std::int16_t>(*integer)) ||
               (type == kBool && (*integer == 0 || *integer == 1)) || type == kNumeric || type == kFloat4) {
      add_decimal(*integer);
    } else {
      return false;
    }
  } else if (const auto* real = std::get_if<double>(&value)) {
    if (type == kFloat8) {
      add_number(view(big_endian(std::bit_cast<std::uint64_t>(*real))), kBinaryFormat);
    } else if (type == kNumeric || type == kFloat4) {
      add_decimal(*real);
    } else {
      return false;
    }
  } else {
    return false;
  }
  return true;
}

void PostgresArguments::add_bytes(std::string_view bytes, int format) {
  values_.push_back(bytes.data() == nullptr ? "" : bytes.data());  // a null pointer would be NULL
  lengths_.push_back(static_cast<int>(bytes.size()));
  formats_.push_back(format);
}

void PostgresArguments::add_number(std::string_view bytes, int format) {
  assert(numbers_.size() < numbers_.capacity() && bytes.size() < 32);
  auto& kept = numbers_.emplace_back();
  std::ranges::copy(bytes, kept.begin());  // zero-terminated, as libpq expects of text
  add_bytes({kept.data(), bytes.size()}, format);
}

Result<SqlValue> decode_postgres(PostgresType type, std::string_view bytes) {
  const auto has = [&](std::size_t size) { return bytes.size() == size; };
  if (is_text(type)) return SqlValue(std::string(bytes));
  if (type == kBytea) return SqlValue(SqlBlob(bytes.begin(), bytes.end()));
  if (type == kInt8 && has(8)) return SqlValue(static_cast<std::int64_t>(from_big_endian<std::uint64_t>(bytes)));
  if (type == kInt4 && has(4)) {
    return SqlValue(std::int64_t{static_cast<std::int32_t>(from_big_endian<std::uint32_t>(bytes))});
  }
  if (type == kInt2 && has(2)) {
    return SqlValue(std::int64_t{static_cast<std::int16_t>(from_big_endian<std::uint16_t>(bytes))});
  }
  if (type == kFloat8 && has(8)) return SqlValue(std::bit_cast<double>(from_big_endian<std::uint64_t>(bytes)));
  if (type == kFloat4 && has(4)) {
    return SqlValue(double{std::bit_cast<float>(from_big_endian<std::uint32_t>(bytes))});
  }
  if (type == kBool && has(1)) return SqlValue(std::int64_t{bytes[0] != 0});
  if (type == kNumeric) return decode_numeric(bytes);
  if (type == kVoid) return SqlValue(SqlNull{});
  return fail(
      Code::kInternal, "sql.error",
      "a column has the type with OID " + std::to_string(type) + "; write CAST(… AS TEXT), BIGINT or DOUBLE PRECISION");
}

}  // namespace slipway

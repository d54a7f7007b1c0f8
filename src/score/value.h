// A value of one row as its file wrote it: what a tensor's element is made of, and what a kept column shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/tensor.h"

namespace slipway::score {

// Text and items are borrowed from the chunk that the row stands in.
struct Value {
  enum class Kind : std::uint8_t {
    kNull,  // also an absent member
    kBool,
    kInt,
    kUint,
    kFloat,
    kDouble,
    kText,
    kCell,  // of a CSV file, which has no types: the characters between the commas
    kList
  };

  Kind kind = Kind::kNull;
  union {
    bool flag;
    std::int64_t signed_number;
    std::uint64_t unsigned_number;
    float single;
    double number = 0;
    const char* characters;
    const Value* first_item;
  };
  std::size_t size = 0;  // of a text in bytes, of a list in items

  static Value of(bool flag) noexcept;
  static Value of(std::int64_t number) noexcept;
  static Value of(std::uint64_t number) noexcept;
  static Value of(float number) noexcept;
  static Value of(double number) noexcept;
  static Value text(std::string_view text) noexcept;
  static Value cell(std::string_view text) noexcept;
  static Value list(std::span<const Value> items) noexcept;

  std::string_view view() const noexcept { return {characters, size}; }
  std::span<const Value> items() const noexcept { return {first_item, size}; }
};

// The value as one JSON value; NaN and infinities, which JSON lacks, as null.
void append_json(std::string& out, const Value& value);
// The value without quotes: what a CSV field holds. "" for null, JSON for a list.
void append_text(std::string& out, const Value& value);

// Appends one element as the binary tensor extension has it: little endian, BYTES behind a 32-bit length. False where
// the type cannot hold the value exactly (300 in UINT8, 0.5 in INT32, a text in a number); floats are rounded to the
// type, and false where that would make an infinity of a number. Nothing is appended then.
bool append_element(DataType type, const Value& value, std::string& out);

// What append_element() takes: "a number", "a whole number from 0 to 255", …
std::string_view accepted_text(DataType type) noexcept;

}  // namespace slipway::score

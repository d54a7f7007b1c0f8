// Text for people: tables, sizes, times, errors. Pure.
//
// Whatever comes from a server or a file is cleaned of control characters, so that it cannot move the cursor or colour
// a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::cli {

// Control characters become "?"; invalid UTF-8 becomes U+FFFD. Line breaks stay where `keeps_lines`.
std::string clean(std::string_view text, bool keeps_lines = false);

// The number of columns of a text: one for each character (code point).
std::size_t width_of(std::string_view text) noexcept;

// Columns as wide as their widest cell, two spaces between them; no space at the end of a line. Cells are cleaned.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  // Precondition: as many cells as headings.
  void add(std::vector<std::string> cells);
  bool is_empty() const noexcept { return rows_.size() == 1; }
  std::string to_string() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the first: headings
};

// "name:     value" lines with the values under each other. Values are cleaned; empty ones are left out.
std::string facts(const std::vector<std::pair<std::string, std::string>>& lines);

std::string bytes_text(std::uint64_t bytes);        // "512 B", "1.5 MiB"
std::string count_text(std::uint64_t count);        // "1,234,567"
std::string number_text(double number);             // three digits that count: "0.934", "12.3", "1,235"
std::string duration_text(double microseconds);     // "5.7 us", "12.3 ms", "1.5 s"
std::string short_digest(std::string_view digest);  // the first 12 digits
std::string short_time(std::string_view rfc3339);   // "2026-11-24 22:27:32"; as it is when it is no such time

// "error: MESSAGE" and a line for each detail that the message does not say itself, then the machine reason.
std::string error_text(const Error& error);

}  // namespace slipway::cli

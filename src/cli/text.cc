#include "cli/text.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <fmt/format.h>

#include "base/bytes.h"

namespace slipway::cli {
namespace {

bool starts_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// The size of the valid character at the front; 0 when there is none.
std::size_t character_size(std::string_view text) noexcept {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (is_utf8(text.substr(0, size))) return size;
  }
  return 0;
}

// C0 and DEL, and the C1 controls U+0080 to U+009F, which some terminals obey.
bool is_control(std::string_view character) noexcept {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return character.size() == 2 && first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

// Servers spell the first few details out in the message.
bool says(std::string_view message, const ErrorDetail& detail) {
  const auto holds = [&](std::string_view part) { return message.find(part) != std::string_view::npos; };
  if (!holds(detail.field) || !holds(detail.found) || !holds(detail.rule)) return false;
  if (detail.row < 0) return true;
  const std::string row = "row " + std::to_string(detail.row);
  for (auto at = message.find(row); at != std::string_view::npos; at = message.find(row, at + 1)) {
    const std::size_t end = at + row.size();
    if (end == message.size() || message[end] < '0' || message[end] > '9') return true;
  }
  return false;
}

}  // namespace

std::string clean(std::string_view text, bool keeps_lines) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) {
      result += "\xEF\xBF\xBD";
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character = text.substr(0, size);
    if (keeps_lines && character == "\n") {
      result += '\n';
    } else if (is_control(character)) {
      result += '?';
    } else {
      result += character;
    }
    text.remove_prefix(size);
  }
  return result;
}

std::size_t width_of(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

Table::Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }

void Table::add(std::vector<std::string> cells) {
  assert(cells.size() == rows_.front().size());
  for (std::string& cell : cells) cell = clean(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::to_string() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string facts(const std::vector<std::pair<std::string, std::string>>& lines) {
  std::size_t width = 0;
  for (const auto& [name, value] : lines) {
    if (!value.empty()) width = std::max(width, width_of(name));
  }
  std::string text;
  for (const auto& [name, value] : lines) {
    if (value.empty()) continue;
    text += name + ':' + std::string(width - width_of(name) + 2, ' ') + clean(value) + '\n';
  }
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string number_text(double number) {
  const double size = std::abs(number);
  if (!std::isfinite(number) || size >= 1e15 || (size > 0 && size < 1e-3)) return fmt::format("{:.3g}", number);
  if (size >= 999.5) return (number < 0 ? "-" : "") + count_text(static_cast<std::uint64_t>(std::llround(size)));
  return fmt::format("{:.3g}", number);
}

std::string duration_text(double microseconds) {
  if (microseconds < 1e3) return number_text(microseconds) + " us";
  if (microseconds < 1e6) return number_text(microseconds / 1e3) + " ms";
  return number_text(microseconds / 1e6) + " s";
}

std::string short_digest(std::string_view digest) { return std::string(digest.substr(0, 12)); }

std::string short_time(std::string_view rfc3339) {
  if (rfc3339.size() < 20 || rfc3339[10] != 'T' || rfc3339.back() != 'Z') return std::string(rfc3339);
  return fmt::format("{} {}", rfc3339.substr(0, 10), rfc3339.substr(11, 8));
}

std::string error_text(const Error& error) {
  std::string text = "error: " + clean(error.message, true) + '\n';
  for (const ErrorDetail& detail : error.details) {
    if (says(error.message, detail)) continue;
    std::string line;
    const auto add = [&](std::string_view name, std::string_view value) {
      if (value.empty()) return;
      line += line.empty() ? "  " : ", ";
      line += fmt::format("{} {}", name, clean(value));
    };
    add("field", detail.field);
    if (detail.row >= 0) add("row", std::to_string(detail.row));
    add("found", detail.found);
    add("rule", detail.rule);
    if (!line.empty()) text += line + '\n';
  }
  if (!error.reason.empty()) text += fmt::format("  ({})\n", clean(error.reason));
  return text;
}

}  // namespace slipway::cli

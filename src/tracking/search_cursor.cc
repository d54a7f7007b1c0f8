#include "tracking/search_cursor.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr bool is_word(char c) noexcept {
  const char u = upper(c);
  return (u >= 'A' && u <= 'Z') || is_digit(c) || c == '_' || c == '$' || c == '#' ||
         static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool is_number(char c) noexcept { return is_word(c) || c == '.' || c == '+' || c == '-'; }

std::size_t character_bytes(char lead) noexcept {
  const auto byte = static_cast<unsigned char>(lead);
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

std::size_t first_broken_character(std::string_view text) {
  std::size_t place = 0;
  while (place < text.size() && is_utf8(text.substr(place, character_bytes(text[place])))) {
    place += character_bytes(text[place]);
  }
  return place;
}

}  // namespace

Status SearchCursor::check_text(std::size_t bytes_max) const {
  if (text_.size() > bytes_max) {
    return fail(Code::kInvalidArgument, reason_,
                std::string(what_) + ": " + std::to_string(text_.size()) + " bytes; accepted are up to " +
                    std::to_string(bytes_max));
  }
  if (const std::size_t nul = text_.find('\0'); nul != std::string_view::npos) {
    return refuse(nul, "found a NUL; expected text without one");
  }
  if (!is_utf8(text_)) return refuse(first_broken_character(text_), "the text is not UTF-8 from here on");
  return {};
}

void SearchCursor::skip_space() {
  while (place_ < text_.size() && is_space(text_[place_])) ++place_;
}

bool SearchCursor::is_at_end() {
  skip_space();
  return place_ == text_.size();
}

bool SearchCursor::is_next(char punctuation) {
  skip_space();
  return is_at(punctuation);
}

bool SearchCursor::take(char punctuation) {
  if (!is_next(punctuation)) return false;
  ++place_;
  return true;
}

bool SearchCursor::is_at_keyword(std::string_view upper_case) {
  skip_space();
  const std::string_view rest = text_.substr(place_);
  if (rest.size() < upper_case.size()) return false;
  if (!std::equal(upper_case.begin(), upper_case.end(), rest.begin(), [](char a, char b) { return a == upper(b); })) {
    return false;
  }
  return rest.size() == upper_case.size() || !is_word(rest[upper_case.size()]);
}

bool SearchCursor::take_keyword(std::string_view upper_case) {
  if (!is_at_keyword(upper_case)) return false;
  place_ += upper_case.size();
  return true;
}

std::string_view SearchCursor::take_comparison() {
  skip_space();
  const std::size_t begin = place_;
  place_ = std::min(text_.find_first_not_of("=!<>", place_), text_.size());
  return text_.substr(begin, place_ - begin);
}

bool SearchCursor::is_at_quote() {
  skip_space();
  return is_at('\'') || is_at('"') || is_at('`');
}

Result<std::string_view> SearchCursor::take_quoted() {
  const char quote = text_[place_];
  std::size_t end = text_.find(quote, place_ + 1);
  while (end != std::string_view::npos && end + 1 < text_.size() && text_[end + 1] == quote) {
    end = text_.find(quote, end + 2);
  }
  if (end == std::string_view::npos) {
    return refuse(place_, std::string("a quote begins here that does not end; expected another ") + quote);
  }
  const std::string_view inside = text_.substr(place_ + 1, end - place_ - 1);
  place_ = end + 1;
  return inside;
}

Result<std::variant<std::int64_t, double>> SearchCursor::take_number() {
  skip_space();
  constexpr std::string_view kExpected = "a number, such as 3, -0.25 or 1e-4";
  const std::string_view rest = text_.substr(place_);
  const std::string digits(rest.begin(), std::find_if_not(rest.begin(), rest.end(), is_number));
  const bool has_sign = digits.starts_with('-') || digits.starts_with('+');
  const std::string_view positive = std::string_view(digits).substr(has_sign ? 1 : 0);
  if (positive.empty() || !(is_digit(positive[0]) || (positive.size() > 1 && positive[0] == '.'))) {
    return expected(kExpected);
  }
  const char* const begin = digits.data() + (digits[0] == '+' ? 1 : 0);
  const char* const end = digits.data() + digits.size();
  std::int64_t integer = 0;
  if (const auto read = std::from_chars(begin, end, integer); read.ec == std::errc{} && read.ptr == end) {
    place_ += digits.size();
    return integer;
  }
  double real = 0;
  const auto read = std::from_chars(begin, end, real);
  if (read.ptr != end) return expected(kExpected);
  if (read.ec != std::errc{}) real = std::strtod(begin, nullptr);  // infinite, or zero
  place_ += digits.size();
  return real;
}

std::string_view SearchCursor::take_word(bool has_dots) {
  const std::size_t begin = place_;
  while (place_ < text_.size() && (is_word(text_[place_]) || (has_dots && text_[place_] == '.'))) ++place_;
  return text_.substr(begin, place_ - begin);
}

tl::unexpected<Error> SearchCursor::expected(std::string_view what) {
  skip_space();
  std::string found = "the end";
  if (place_ < text_.size()) {
    const std::string_view rest = text_.substr(place_);
    const std::size_t end = std::find_if(rest.begin() + 1, rest.end(), is_space) - rest.begin();
    found = quoted(rest.substr(0, end));
  }
  return refuse(place_, "found " + found + "; expected " + std::string(what));
}

tl::unexpected<Error> SearchCursor::refuse(std::size_t place, std::string message) const {
  return fail(Code::kInvalidArgument, reason_,
              std::string(what_) + ", byte " + std::to_string(place) + ": " + std::move(message));
}

}  // namespace slipway

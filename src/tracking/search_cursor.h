// A place in the text of a filter or an order, and the words that can be taken from there. Private to the parser
// (search_filter.h).
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace slipway {

class SearchCursor {
 public:
  // `what` and `reason` begin and classify each error: "filter", "search.invalid_filter".
  SearchCursor(std::string_view text, std::string_view what, std::string_view reason)
      : text_(text), what_(what), reason_(reason) {}

  // Fails unless the whole text is UTF-8 without NUL and has at most `bytes_max` bytes.
  Status check_text(std::size_t bytes_max) const;

  // Each of these first skips white space.
  bool is_at_end();
  bool take(char punctuation);
  bool is_next(char punctuation);
  bool take_keyword(std::string_view upper_case);  // in any case; a whole word
  bool is_at_keyword(std::string_view upper_case);
  // =, !=, <, <=, >, >=, and what only looks like one: "==", "<>".
  std::string_view take_comparison();
  bool is_at_quote();
  // Precondition: is_at_quote(). What is between it and the next quote of its kind; a doubled one does not end it.
  Result<std::string_view> take_quoted();
  // An integer, or a real where it has a fraction or an exponent or is too large for one.
  Result<std::variant<std::int64_t, double>> take_number();

  // Letters, digits, _ $ # and every character beyond ASCII; with dots where `has_dots`. "" where there are none. Skips
  // no white space.
  std::string_view take_word(bool has_dots);
  bool is_at(char c) const noexcept { return place_ < text_.size() && text_[place_] == c; }
  void skip_space();

  std::size_t place() const noexcept { return place_; }
  // "filter, byte 17: found "x"; expected EXPECTED".
  tl::unexpected<Error> expected(std::string_view what);
  tl::unexpected<Error> refuse(std::size_t place, std::string message) const;

 private:
  std::string_view text_;
  std::string_view what_;
  std::string_view reason_;
  std::size_t place_ = 0;
};

}  // namespace slipway

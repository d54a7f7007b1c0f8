#include "tracking/search_token.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/bytes.h"
#include "registry/page.h"

namespace slipway {
namespace {

constexpr std::size_t kTokenBytesMax = 256 << 10;

// A place is one letter and what follows it: i12; r0.25; t3:abc n - (integer, real, text, NaN, nothing).
void append_place(std::string& out, const SearchPlace& place) {
  if (place.rank == SearchPlace::Rank::kNan) {
    out += 'n';
  } else if (place.rank == SearchPlace::Rank::kMissing) {
    out += '-';
  } else if (const auto* integer = std::get_if<std::int64_t>(&place.value)) {
    out.append("i").append(std::to_string(*integer)).append(";");
  } else if (const auto* real = std::get_if<double>(&place.value)) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *real).ptr;
    out.append("r").append(digits.data(), end).append(";");
  } else if (const auto* text = std::get_if<std::string>(&place.value)) {
    out.append("t").append(std::to_string(text->size())).append(":").append(*text);
  }
}

template <typename Number>
std::optional<Number> take_number(std::string_view& rest, char end) {
  Number number{};
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (read.ec != std::errc{} || read.ptr == rest.data() + rest.size() || *read.ptr != end) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()) + 1);
  return number;
}

std::optional<SqlValue> take_value(std::string_view& rest, SearchType type) {
  const char kind = rest.front();
  rest.remove_prefix(1);
  if (kind == 'i' && type == SearchType::kInteger) {
    if (const auto number = take_number<std::int64_t>(rest, ';')) return SqlValue(*number);
  } else if (kind == 'r' && type == SearchType::kReal) {
    if (const auto number = take_number<double>(rest, ';'); number && !std::isnan(*number)) return SqlValue(*number);
  } else if (kind == 't' && type == SearchType::kText) {
    const auto size = take_number<std::size_t>(rest, ':');
    if (!size || *size > rest.size()) return std::nullopt;
    const std::string_view text = rest.substr(0, *size);
    rest.remove_prefix(*size);
    if (is_utf8(text) && text.find('\0') == std::string_view::npos) return SqlValue(std::string(text));
  }
  return std::nullopt;
}

std::optional<SearchPlace> take_place(std::string_view& rest, const SearchName& name) {
  if (rest.empty()) return std::nullopt;
  if (rest.front() == 'n' && may_be_nan(name)) {
    rest.remove_prefix(1);
    return SearchPlace{SearchPlace::Rank::kNan, SqlNull{}};
  }
  if (rest.front() == '-' && may_be_missing(name)) {
    rest.remove_prefix(1);
    return SearchPlace{SearchPlace::Rank::kMissing, SqlNull{}};
  }
  auto value = take_value(rest, type_of(name));
  if (!value) return std::nullopt;
  return SearchPlace{SearchPlace::Rank::kValue, *std::move(value)};
}

tl::unexpected<Error> refuse(std::string_view token) {
  return fail(Code::kInvalidArgument, "search.invalid_token",
              "page token " + quoted(token) +
                  " is not one of this search; ask for the first page of another filter or order without a token");
}

}  // namespace

bool may_be_missing(const SearchName& name) { return name.field == nullptr || name.field->is_nullable; }
bool may_be_nan(const SearchName& name) {
  return name.field == nullptr && name.group->kind == SearchGroupKind::kNumbers;
}

std::string make_search_token(std::string_view list, std::string_view fingerprint,
                              std::span<const SearchPlace> places) {
  std::string key(fingerprint);
  for (const SearchPlace& place : places) append_place(key, place);
  return make_page_token(list, key);
}

Result<std::vector<SearchPlace>> parse_search_token(std::string_view list, std::string_view fingerprint,
                                                    std::span<const SearchOrder> orders, std::string_view token) {
  if (token.size() > kTokenBytesMax) return refuse(token);
  const auto key = parse_page_token(list, token);
  if (!key || !key->starts_with(fingerprint)) return refuse(token);
  std::string_view rest = std::string_view(*key).substr(fingerprint.size());
  std::vector<SearchPlace> places;
  for (const SearchOrder& order : orders) {
    auto place = take_place(rest, order.name);
    if (!place) return refuse(token);
    places.push_back(*std::move(place));
  }
  if (!rest.empty()) return refuse(token);
  return places;
}

}  // namespace slipway

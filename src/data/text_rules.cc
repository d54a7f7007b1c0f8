#include "data/text_rules.h"

#include <functional>
#include <re2/re2.h>
#include <unordered_set>

#include "base/bytes.h"
#include "data/temporal.h"

namespace slipway {
namespace {

std::uint64_t code_points(std::string_view text) noexcept {
  std::uint64_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

struct Length {
  std::uint64_t least;
  std::uint64_t greatest;
  std::string least_rule;
  std::string greatest_rule;

  bool fails(std::string_view text) const noexcept {
    const std::uint64_t length = code_points(text);
    return length < least || length > greatest;
  }
  Explanation explain(std::string_view text) const noexcept {
    if (code_points(text) < least) return {least_rule, "contract.too_short"};
    return {greatest_rule, "contract.too_long"};
  }
};

struct Pattern {
  std::shared_ptr<const RE2> expression;
  std::string rule;

  bool fails(std::string_view text) const noexcept {
    return !RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression);
  }
  Explanation explain(std::string_view) const noexcept { return {rule, "contract.pattern"}; }
};

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

struct ListedText {
  std::unordered_set<std::string, Hash, std::equal_to<>> set;
  bool forbidden;
  std::string rule;

  bool fails(std::string_view text) const noexcept { return set.contains(text) == forbidden; }
  Explanation explain(std::string_view) const noexcept {
    return {rule, forbidden ? std::string_view("contract.missing") : std::string_view("contract.not_allowed")};
  }
};

struct Temporal {
  LogicalType type;
  std::string form;
  struct Bound {
    WideInt low;
    WideInt high;
    std::string rule;
  };
  std::vector<Bound> bounds;

  bool fails(std::string_view text) const noexcept {
    const std::optional<WideInt> value = parse_temporal(type, text);
    if (!value) return true;
    return broken(*value) != nullptr;
  }
  Explanation explain(std::string_view text) const noexcept {
    const std::optional<WideInt> value = parse_temporal(type, text);
    const Bound* bound = value ? broken(*value) : nullptr;
    if (bound == nullptr) return {form, "contract.bad_time"};
    return {bound->rule, "contract.out_of_range"};
  }
  const Bound* broken(WideInt value) const noexcept {
    for (const Bound& bound : bounds) {
      if (value < bound.low || value > bound.high) return &bound;
    }
    return nullptr;
  }
};

struct Form {
  std::string_view pattern;  // as the standard spells formats
  std::string_view rule;
};

Form form_of(LogicalType type) {
  if (type == LogicalType::kDate) return {"yyyy-MM-dd", "date such as 2026-02-28"};
  if (type == LogicalType::kTime) return {"HH:mm:ss", "time such as 09:30:00"};
  return {"yyyy-MM-dd HH:mm:ss", "timestamp such as 2026-02-28T09:30:00Z"};
}

tl::unexpected<Error> unsupported(std::string message) {
  return fail(Code::kInvalidArgument, "contract.unsupported", std::move(message));
}

}  // namespace

std::unique_ptr<CompiledRule> make_length_rule(std::optional<std::uint64_t> least,
                                               std::optional<std::uint64_t> greatest) {
  return std::make_unique<TextRule<Length>>(Length{least.value_or(0), greatest.value_or(UINT64_MAX),
                                                   "minLength " + std::to_string(least.value_or(0)),
                                                   "maxLength " + std::to_string(greatest.value_or(0))});
}

Result<std::unique_ptr<CompiledRule>> make_pattern_rule(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  auto expression = std::make_shared<const RE2>(pattern, options);
  if (!expression->ok())
    return unsupported("the pattern " + quoted(pattern) + " is not RE2 syntax: " + expression->error());
  return std::make_unique<TextRule<Pattern>>(Pattern{std::move(expression), "pattern " + pattern});
}

std::unique_ptr<CompiledRule> make_listed_text_rule(std::span<const ListedValue> values, bool forbidden,
                                                    std::string rule) {
  ListedText listed{{}, forbidden, std::move(rule)};
  for (const ListedValue& value : values) {
    if (!value.is_null) listed.set.insert(value.text);
  }
  return std::make_unique<TextRule<ListedText>>(std::move(listed));
}

Result<std::unique_ptr<CompiledRule>> make_temporal_rule(const ContractField& field) {
  const Form form = form_of(field.type);
  if (!field.format.empty() && field.format != form.pattern) {
    return unsupported("the format " + quoted(field.format) + " is not supported; leave it out or write " +
                       std::string(form.pattern));
  }
  constexpr WideInt kFar = WideInt{1} << 100;
  Temporal temporal{field.type, std::string(form.rule), {}};
  const auto add = [&](const std::string& text, std::string_view name, bool is_low, int shift) -> Status {
    if (text.empty()) return {};
    const std::optional<WideInt> value = parse_temporal(field.type, text);
    if (!value) return unsupported(std::string(name) + " " + quoted(text) + " is not a " + std::string(form.rule));
    temporal.bounds.push_back(
        {is_low ? *value + shift : -kFar, is_low ? kFar : *value - shift, std::string(name) + " " + text});
    return {};
  };
  SLIPWAY_CHECK(add(field.earliest, "minimum", true, 0));
  SLIPWAY_CHECK(add(field.latest, "maximum", false, 0));
  SLIPWAY_CHECK(add(field.exclusive_earliest, "exclusiveMinimum", true, 1));
  SLIPWAY_CHECK(add(field.exclusive_latest, "exclusiveMaximum", false, 1));
  return std::make_unique<TextRule<Temporal>>(std::move(temporal));
}

}  // namespace slipway

#include "data/value_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "base/bytes.h"
#include "data/nearest_value.h"
#include "data/text_rules.h"

namespace slipway {
namespace {

template <typename T>
bool is_finite(T value) noexcept {
  if constexpr (std::is_floating_point_v<T>) return std::isfinite(value);
  return true;
}

template <typename T>
struct Integral {
  bool fails(T value) const noexcept {
    if constexpr (std::is_floating_point_v<T>) return std::isfinite(value) && value != std::trunc(value);
    return false;
  }
  Explanation explain(T) const noexcept { return {"integer", "contract.not_an_integer"}; }
};

template <typename T>
struct ZeroOrOne {
  bool fails(T value) const noexcept { return is_finite(value) && value != T{0} && value != T{1}; }
  Explanation explain(T) const noexcept { return {"boolean: 0 or 1", "contract.not_a_boolean"}; }
};

// value * scale is a multiple of step, with both whole: 2.5 is 25 / 10.
template <typename T>
struct WholeMultiple {
  WideInt scale;
  WideInt step;
  std::string rule;

  bool fails(T value) const noexcept {
    if (scale == 1 && step <= static_cast<WideInt>(std::numeric_limits<T>::max())) {
      return value % static_cast<T>(step) != 0;
    }
    return static_cast<WideInt>(value) * scale % step != 0;
  }
  Explanation explain(T) const noexcept { return {rule, "contract.not_a_multiple"}; }
};

template <DataType kType>
struct FloatMultiple {
  using T = typename Values<kType>::Value;
  double divisor;
  std::string rule;

  bool fails(T value) const noexcept {
    if (!std::isfinite(value)) return false;
    const double multiple = std::nearbyint(static_cast<double>(value) / divisor) * divisor;
    return std::fabs(multiple - static_cast<double>(value)) > std::fabs(static_cast<double>(value)) * kHalfStep;
  }
  Explanation explain(T) const noexcept { return {rule, "contract.not_a_multiple"}; }

  // Half a unit in the last place, relative; a whole one for FP64, since the product itself is rounded.
  static constexpr double kHalfStep = kType == DataType::kFp64   ? 0x1p-52
                                      : kType == DataType::kFp32 ? 0x1.001p-24
                                      : kType == DataType::kFp16 ? 0x1.001p-11
                                                                 : 0x1.001p-8;
};

template <DataType kType>
std::optional<typename Values<kType>::Value> value_of(const ListedValue& listed) {
  using T = typename Values<kType>::Value;
  if constexpr (kType == DataType::kBool) {
    if (listed.text == "true") return T{1};
    if (listed.text == "false") return T{0};
  }
  const std::optional<Number> number = Number::parse(listed.text);
  if (!number) return std::nullopt;
  if constexpr (is_float(kType)) return nearest_value<kType>(*number);
  if constexpr (!is_float(kType)) {
    const bool fits = number->is_whole() && number->floor() >= static_cast<WideInt>(std::numeric_limits<T>::min()) &&
                      number->floor() <= static_cast<WideInt>(std::numeric_limits<T>::max());
    if (!fits) return std::nullopt;
    return static_cast<T>(number->floor());
  }
}

// A bit a value while the values lie close together, else a hash set.
template <typename T>
class ValueSet {
 public:
  explicit ValueSet(const std::vector<T>& values) : values_(values.begin(), values.end()) {
    if constexpr (!std::is_floating_point_v<T>) {
      if (values.empty()) return;
      const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
      const auto spread = static_cast<std::uint64_t>(*greatest) - static_cast<std::uint64_t>(*least);
      if (spread >= kBitsMax) return;
      base_ = static_cast<std::uint64_t>(*least);
      bits_.resize(spread + 1);
      for (const T value : values) bits_[static_cast<std::uint64_t>(value) - base_] = 1;
    }
  }

  bool contains(T value) const noexcept {
    if constexpr (!std::is_floating_point_v<T>) {
      const std::uint64_t at = static_cast<std::uint64_t>(value) - base_;
      if (!bits_.empty()) return at < bits_.size() && bits_[at] != 0;
    }
    return values_.contains(value);
  }

 private:
  static constexpr std::uint64_t kBitsMax = 1 << 16;
  std::unordered_set<T> values_;
  std::vector<std::uint8_t> bits_;
  std::uint64_t base_ = 0;
};

template <typename T>
struct Listed {
  ValueSet<T> set;
  bool forbidden;
  std::string rule;

  bool fails(T value) const noexcept {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(value)) return false;
    }
    return set.contains(value) == forbidden;
  }
  Explanation explain(T) const noexcept {
    return {rule, forbidden ? std::string_view("contract.missing") : std::string_view("contract.not_allowed")};
  }
};

class NullRule final : public CompiledRule {
 public:
  NullRule(bool with_nan, std::string rule) : with_nan_(with_nan), rule_(std::move(rule)) {}

  std::size_t count_failures(const ColumnView& column) const noexcept override {
    if (column.validity == nullptr && !(with_nan_ && is_float(column.type))) return 0;
    std::size_t failures = 0;
    for (std::size_t i = 0; i < column.count; ++i) failures += fails(column, i) ? 1 : 0;
    return failures;
  }
  bool fails(const ColumnView& column, std::size_t index) const noexcept override {
    if (!column.is_valid(index)) return true;
    if (!with_nan_ || !is_float(column.type)) return false;
    return with_fixed_type(column.type, [&](auto type) {
      const auto value = Values<type()>::load(column.at(index));
      return value != value;
    });
  }
  Explanation explain(const ColumnView&, std::size_t) const noexcept override { return {rule_, "contract.null"}; }

 private:
  bool with_nan_;
  std::string rule_;
};

class EitherRule final : public CompiledRule {
 public:
  EitherRule(std::unique_ptr<CompiledRule> first, std::unique_ptr<CompiledRule> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  std::size_t count_failures(const ColumnView& column) const noexcept override {
    std::size_t failures = 0;
    for (std::size_t i = 0; i < column.count; ++i) failures += fails(column, i) ? 1 : 0;
    return failures;
  }
  bool fails(const ColumnView& column, std::size_t index) const noexcept override {
    return first_->fails(column, index) || second_->fails(column, index);
  }
  Explanation explain(const ColumnView& column, std::size_t index) const noexcept override {
    return first_->fails(column, index) ? first_->explain(column, index) : second_->explain(column, index);
  }

 private:
  std::unique_ptr<CompiledRule> first_;
  std::unique_ptr<CompiledRule> second_;
};

template <template <typename> class Predicate>
std::unique_ptr<CompiledRule> make_simple(DataType type) {
  return with_fixed_type(type, [](auto constant) -> std::unique_ptr<CompiledRule> {
    using P = Predicate<typename Values<constant()>::Value>;
    return std::make_unique<ValueRule<constant(), P>>(P{});
  });
}

tl::unexpected<Error> unsupported(std::string message) {
  return fail(Code::kInvalidArgument, "contract.unsupported", std::move(message));
}

}  // namespace

std::unique_ptr<CompiledRule> make_integral_rule(DataType type) { return make_simple<Integral>(type); }
std::unique_ptr<CompiledRule> make_boolean_rule(DataType type) { return make_simple<ZeroOrOne>(type); }

Result<std::unique_ptr<CompiledRule>> make_multiple_rule(DataType type, const Number& divisor) {
  constexpr int kDecimalsMax = 18;  // 2^64 * 10^18 < 2^127
  if (!is_float(type) && divisor.exponent() < -kDecimalsMax) {
    return unsupported("multipleOf " + divisor.text() + " has more than 18 decimals");
  }
  WideInt scale = 1;
  for (int i = divisor.exponent(); i < 0 && !is_float(type); ++i) scale *= 10;
  const WideInt step = divisor.is_whole() ? divisor.floor() : divisor.coefficient();
  std::string rule = "multipleOf " + divisor.text();
  return with_fixed_type(type, [&](auto constant) -> Result<std::unique_ptr<CompiledRule>> {
    constexpr DataType kType = constant();
    if constexpr (is_float(kType)) {
      return std::make_unique<ValueRule<kType, FloatMultiple<kType>>>(FloatMultiple<kType>{divisor.to_double(), rule});
    } else {
      using P = WholeMultiple<typename Values<kType>::Value>;
      return std::make_unique<ValueRule<kType, P>>(P{scale, step, rule});
    }
  });
}

Result<std::unique_ptr<CompiledRule>> make_listed_rule(DataType type, std::span<const ListedValue> values,
                                                       bool forbidden, std::string rule) {
  if (type == DataType::kBytes) return make_listed_text_rule(values, forbidden, std::move(rule));
  return with_fixed_type(type, [&](auto constant) -> Result<std::unique_ptr<CompiledRule>> {
    constexpr DataType kType = constant();
    using T = typename Values<kType>::Value;
    std::vector<T> parsed;
    for (const ListedValue& listed : values) {
      if (listed.is_null) continue;
      const std::optional<T> value = value_of<kType>(listed);
      // A marker of missing values that the type cannot hold never occurs; an allowed value that it cannot hold is a
      // mistake.
      if (!value && forbidden) continue;
      if (!value) return unsupported(quoted(listed.text) + " is not a value of type " + std::string(to_string(kType)));
      parsed.push_back(*value);
    }
    return std::make_unique<ValueRule<kType, Listed<T>>>(Listed<T>{ValueSet<T>(parsed), forbidden, std::move(rule)});
  });
}

std::unique_ptr<CompiledRule> make_null_rule(bool with_nan, std::string rule) {
  return std::make_unique<NullRule>(with_nan, std::move(rule));
}

std::unique_ptr<CompiledRule> make_either_rule(std::unique_ptr<CompiledRule> first,
                                               std::unique_ptr<CompiledRule> second) {
  return std::make_unique<EitherRule>(std::move(first), std::move(second));
}

}  // namespace slipway

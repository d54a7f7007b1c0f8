#include "data/intervals.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "data/nearest_value.h"

namespace slipway {
namespace {

constexpr std::string_view kOutOfRange = "contract.out_of_range";

template <typename T>
struct Interval {
  T low;
  T high;
  bool accepts_nan = false;

  bool contains(T value) const noexcept {
    if constexpr (std::is_floating_point_v<T>) {
      if (accepts_nan) return !(value < low) & !(value > high);
    }
    return (value >= low) & (value <= high);
  }
};

template <typename T>
constexpr Interval<T> everything() noexcept {
  if constexpr (std::is_floating_point_v<T>) {
    return {-std::numeric_limits<T>::infinity(), std::numeric_limits<T>::infinity(), true};
  } else {
    return {std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), true};
  }
}

// One rule's own interval, kept to name the rule that a value broke.
template <typename T>
struct Part {
  Interval<T> interval;
  std::string rule;
  std::string_view reason;
};

template <typename T>
class InInterval {
 public:
  void add(Interval<T> interval, std::string rule, std::string_view reason) {
    whole_.low = std::max(whole_.low, interval.low);
    whole_.high = std::min(whole_.high, interval.high);
    whole_.accepts_nan = whole_.accepts_nan && interval.accepts_nan;
    parts_.push_back({interval, std::move(rule), reason});
  }

  bool fails(T value) const noexcept { return !whole_.contains(value); }
  Explanation explain(T value) const noexcept {
    for (const Part<T>& part : parts_) {
      if (!part.interval.contains(value)) return {part.rule, part.reason};
    }
    return {};
  }
  const Interval<T>& whole() const noexcept { return whole_; }

 private:
  Interval<T> whole_ = everything<T>();
  std::vector<Part<T>> parts_;
};

// Bounds of integers, exact: the least and the greatest whole number that the rule accepts.
template <typename T>
Interval<T> between(WideInt low, WideInt high) {
  constexpr WideInt kLowest = std::numeric_limits<T>::min();
  constexpr WideInt kHighest = std::numeric_limits<T>::max();
  if (low > kHighest || high < kLowest) return {std::numeric_limits<T>::max(), std::numeric_limits<T>::min(), true};
  return {static_cast<T>(std::max(low, kLowest)), static_cast<T>(std::min(high, kHighest)), true};
}

template <DataType kType>
typename Values<kType>::Value largest() noexcept {
  using T = typename Values<kType>::Value;
  if constexpr (kType == DataType::kFp16) return T{65504};
  if constexpr (kType == DataType::kBf16) return std::bit_cast<float>(0x7F7F0000U);
  return std::numeric_limits<T>::max();
}

enum class Side { kLow, kHigh };

// An infinity as the nearest value of a finite bound must not let the infinity itself in.
template <DataType kType>
Interval<typename Values<kType>::Value> float_bound(const Number& number, Side side, bool is_exclusive) {
  using T = typename Values<kType>::Value;
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  Interval<T> interval = everything<T>();
  const T value = nearest_value<kType>(number);
  if (side == Side::kLow) {
    interval.low = value == -kInfinity ? -largest<kType>() : is_exclusive ? std::nextafter(value, kInfinity) : value;
  } else {
    interval.high = value == kInfinity ? largest<kType>() : is_exclusive ? std::nextafter(value, -kInfinity) : value;
  }
  return interval;
}

template <DataType kType>
Interval<typename Values<kType>::Value> bound(const Number& number, Side side, bool is_exclusive) {
  using T = typename Values<kType>::Value;
  if constexpr (is_float(kType)) {
    return float_bound<kType>(number, side, is_exclusive);
  } else if (side == Side::kLow) {
    return between<T>(is_exclusive ? number.floor() + 1 : number.ceiling(), std::numeric_limits<T>::max());
  } else {
    return between<T>(std::numeric_limits<T>::min(), is_exclusive ? number.ceiling() - 1 : number.floor());
  }
}

// The whole numbers of an integer's `format`: "u8" is 0 to 255.
struct FormatRange {
  Number low;
  Number high;
};

std::optional<FormatRange> format_range(const ContractField& field) {
  if (field.type != LogicalType::kInteger || field.format.empty() || field.format.ends_with("128")) return std::nullopt;
  const int bits = std::stoi(field.format.substr(1));
  const bool is_signed = field.format[0] == 'i';
  const WideInt high = (WideInt{1} << (is_signed ? bits - 1 : bits)) - 1;
  const WideInt low = is_signed ? -high - 1 : 0;
  return FormatRange{*Number::parse(to_string(low)), *Number::parse(to_string(high))};
}

template <DataType kType>
std::unique_ptr<CompiledRule> make(const ContractField& field) {
  using T = typename Values<kType>::Value;
  InInterval<T> interval;
  if constexpr (kType == DataType::kBool) interval.add({0, 1, true}, "BOOL is 0 or 1", "contract.not_a_boolean");
  if constexpr (is_float(kType)) {
    if (!field.accepts_nan) {
      Interval<T> numbers = everything<T>();
      numbers.accepts_nan = false;
      interval.add(numbers, "NaN is rejected", "contract.nan");
    }
    if (!field.accepts_infinity) {
      constexpr T kMax = std::numeric_limits<T>::max();
      interval.add({-kMax, kMax, true}, "infinity is rejected", "contract.infinity");
    }
  }
  const auto add = [&](const std::optional<Number>& number, Side side, bool is_exclusive, std::string_view name) {
    if (number)
      interval.add(bound<kType>(*number, side, is_exclusive), std::string(name) + " " + number->text(), kOutOfRange);
  };
  if (const std::optional<FormatRange> range = format_range(field)) {
    interval.add(bound<kType>(range->low, Side::kLow, false), "format " + field.format, kOutOfRange);
    interval.add(bound<kType>(range->high, Side::kHigh, false), "format " + field.format, kOutOfRange);
  }
  add(field.minimum, Side::kLow, false, "minimum");
  add(field.maximum, Side::kHigh, false, "maximum");
  add(field.exclusive_minimum, Side::kLow, true, "exclusiveMinimum");
  add(field.exclusive_maximum, Side::kHigh, true, "exclusiveMaximum");
  return std::make_unique<ValueRule<kType, InInterval<T>>>(std::move(interval));
}

// The bounds repeated until the loop over one period is long enough for vector instructions.
template <DataType kType>
class DenseInterval final : public DenseRules {
  using T = typename Values<kType>::Value;
  static constexpr std::size_t kPeriodMin = 64;

 public:
  explicit DenseInterval(std::span<const CompiledRule* const> columns) {
    const std::size_t repeats = (kPeriodMin + columns.size() - 1) / columns.size();
    for (std::size_t i = 0; i < repeats; ++i) {
      for (const CompiledRule* column : columns) {
        const auto& interval = static_cast<const ValueRule<kType, InInterval<T>>*>(column)->predicate().whole();
        low_.push_back(interval.low);
        high_.push_back(interval.high);
        nan_.push_back(interval.accepts_nan ? 1 : 0);
        accepts_some_nan_ |= is_float(kType) && interval.accepts_nan;
      }
    }
  }

  bool passes(const std::byte* data, std::size_t count) const noexcept override {
    return accepts_some_nan_ ? run<true>(data, count) : run<false>(data, count);
  }

 private:
  // A flag as wide as the value keeps the vector lanes equal.
  using Flag = std::conditional_t<
      sizeof(T) == 8, std::int64_t,
      std::conditional_t<sizeof(T) == 4, std::int32_t, std::conditional_t<sizeof(T) == 2, std::int16_t, std::int8_t>>>;

  template <bool kMayBeNan>
  bool run(const std::byte* data, std::size_t count) const noexcept {
    const std::size_t period = low_.size();
    for (; count >= period; count -= period, data += period * Values<kType>::kSize) {
      if (!run_period<kMayBeNan>(data, period)) return false;
    }
    return run_period<kMayBeNan>(data, count);
  }

  template <bool kMayBeNan>
  bool run_period(const std::byte* data, std::size_t count) const noexcept {
    const T* low = low_.data();
    const T* high = high_.data();
    [[maybe_unused]] const Flag* nan = nan_.data();
    Flag good = 1;
    for (std::size_t i = 0; i < count; ++i) {
      const T value = Values<kType>::load(data + i * Values<kType>::kSize);
      Flag inside = static_cast<Flag>(static_cast<Flag>(value >= low[i]) & static_cast<Flag>(value <= high[i]));
      if constexpr (kMayBeNan)
        inside = static_cast<Flag>(inside | static_cast<Flag>(static_cast<Flag>(value != value) & nan[i]));
      good = static_cast<Flag>(good & inside);
    }
    return good != 0;
  }

  std::vector<T> low_;
  std::vector<T> high_;
  std::vector<Flag> nan_;
  bool accepts_some_nan_ = false;
};

}  // namespace

std::unique_ptr<CompiledRule> make_interval_rule(DataType type, const ContractField& field) {
  return with_fixed_type(type, [&](auto constant) { return make<constant()>(field); });
}

std::unique_ptr<DenseRules> make_dense_rules(DataType type, std::span<const CompiledRule* const> columns) {
  return with_fixed_type(type, [&](auto constant) -> std::unique_ptr<DenseRules> {
    return std::make_unique<DenseInterval<constant()>>(columns);
  });
}

}  // namespace slipway

// Compiled checks against a reading of the rules one value at a time, on random rules and data.
#include <cmath>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "data/bind.h"
#include "data/test_columns.h"
#include "data/values.h"

namespace slipway {
namespace {

// Long double of x86 holds every INT64 and UINT64 and every value used here exactly.
using Exact = long double;
static_assert(std::numeric_limits<Exact>::digits >= 64);

constexpr DataType kTypes[] = {DataType::kUint8, DataType::kUint16, DataType::kUint32, DataType::kUint64,
                               DataType::kInt8,  DataType::kInt16,  DataType::kInt32,  DataType::kInt64,
                               DataType::kFp16,  DataType::kBf16,   DataType::kFp32,   DataType::kFp64};

struct RandomRules {
  std::optional<std::string> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
  std::vector<std::string> valid;
  bool accepts_nan = false;
  bool accepts_infinity = false;
};

// Quarters up to 8, exact in every floating point type; whole numbers at the edges of the integers.
rc::Gen<std::string> quarter() {
  return rc::gen::map(rc::gen::inRange(-32, 33), [](int quarters) { return std::to_string(quarters * 0.25); });
}

rc::Gen<std::string> edge() {
  return rc::gen::element<std::string>("-128", "-127", "127", "126", "255", "254", "32767", "65535", "-2147483648",
                                       "4294967295", "9007199254740992", "9007199254740993", "9223372036854775807",
                                       "-9223372036854775808", "9223372036854775808", "18446744073709551615",
                                       "18446744073709551614");
}

rc::Gen<std::string> written_value() { return rc::gen::weightedOneOf<std::string>({{4, quarter()}, {1, edge()}}); }

std::string generated_value(DataType type) {
  if (is_float(type)) {
    return *rc::gen::weightedOneOf<std::string>(
        {{8, quarter()}, {1, rc::gen::element<std::string>("NaN", "inf", "-inf", "-0.0")}});
  }
  // Any bit pattern of the type is a value of it; encode_value keeps the low bytes.
  const int small = *rc::gen::inRange(-9, 9);
  return *rc::gen::weightedOneOf<std::string>({{4, rc::gen::just(std::to_string(small))}, {1, edge()}});
}

RandomRules generated_rules(DataType type) {
  RandomRules rules;
  const auto maybe = [](const rc::Gen<std::string>& gen) -> std::optional<std::string> {
    if (!*rc::gen::arbitrary<bool>()) return std::nullopt;
    return *gen;
  };
  const rc::Gen<std::string> bounds = is_float(type) ? quarter() : written_value();
  if (const auto low = maybe(bounds)) (*rc::gen::arbitrary<bool>() ? rules.minimum : rules.exclusive_minimum) = low;
  if (const auto high = maybe(bounds)) (*rc::gen::arbitrary<bool>() ? rules.maximum : rules.exclusive_maximum) = high;
  rules.multiple_of = maybe(rc::gen::element<std::string>("1", "2", "3", "0.5", "0.25", "1.5"));
  if (*rc::gen::inRange(0, 3) == 0)
    rules.valid = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(quarter()));
  // Allowed values must be of the column's type.
  if (!is_float(type)) {
    for (std::string& text : rules.valid)
      text = std::to_string(std::abs(static_cast<int>(std::strtod(text.c_str(), nullptr))));
  }
  rules.accepts_nan = *rc::gen::arbitrary<bool>();
  rules.accepts_infinity = *rc::gen::arbitrary<bool>();
  return rules;
}

ContractField field_of(const RandomRules& rules, std::string name) {
  const auto number = [](const std::optional<std::string>& text) { return text ? Number::parse(*text) : std::nullopt; };
  ContractField field;
  field.name = field.tensor = std::move(name);
  field.minimum = number(rules.minimum);
  field.maximum = number(rules.maximum);
  field.exclusive_minimum = number(rules.exclusive_minimum);
  field.exclusive_maximum = number(rules.exclusive_maximum);
  field.multiple_of = number(rules.multiple_of);
  field.accepts_nan = rules.accepts_nan;
  field.accepts_infinity = rules.accepts_infinity;
  if (!rules.valid.empty()) {
    QualityRule quality;
    quality.metric = RuleMetric::kInvalidValues;
    for (const std::string& text : rules.valid) quality.values.push_back({text, false});
    field.quality.push_back(quality);
  }
  return field;
}

Exact exact(const std::string& text) { return std::strtold(text.c_str(), nullptr); }

// How many rules a value breaks: its range (with the policy on NaN and infinity) once, the multiple once, the list
// once.
std::size_t broken_rules(const RandomRules& rules, Exact value) {
  const bool is_nan = std::isnan(value);
  bool out = (is_nan && !rules.accepts_nan) || (std::isinf(value) && !rules.accepts_infinity);
  if (!is_nan) {
    out = out || (rules.minimum && value < exact(*rules.minimum)) || (rules.maximum && value > exact(*rules.maximum)) ||
          (rules.exclusive_minimum && value <= exact(*rules.exclusive_minimum)) ||
          (rules.exclusive_maximum && value >= exact(*rules.exclusive_maximum));
  }
  const bool off_multiple =
      std::isfinite(value) && rules.multiple_of && std::fmod(value, exact(*rules.multiple_of)) != 0;
  bool is_listed = rules.valid.empty() || is_nan;
  for (const std::string& text : rules.valid) is_listed = is_listed || value == exact(text);
  return (out ? 1U : 0U) + (off_multiple ? 1U : 0U) + (is_listed ? 0U : 1U);
}

Exact decoded(DataType type, const std::byte* at) {
  return with_fixed_type(type, [&](auto constant) { return static_cast<Exact>(Values<constant()>::load(at)); });
}

Contract contract_of(std::vector<ContractField> fields) {
  Contract contract;
  contract.objects.emplace_back().name = "rows";
  contract.objects.front().fields = std::move(fields);
  return contract;
}

RC_GTEST_PROP(ContractOracle, ColumnsWithNullsAndStrides, ()) {
  const DataType type = *rc::gen::elementOf(std::vector<DataType>(std::begin(kTypes), std::end(kTypes)));
  const RandomRules rules = generated_rules(type);
  const std::size_t size = element_size(type);
  const std::size_t stride = size * *rc::gen::inRange<std::size_t>(1, 4) + *rc::gen::inRange<std::size_t>(0, 2);
  const std::size_t count = *rc::gen::inRange<std::size_t>(0, 40);
  std::vector<std::byte> bytes(count * stride + 1);
  std::vector<std::uint8_t> validity(count / 8 + 2);
  const std::size_t offset_bits = *rc::gen::inRange<std::size_t>(0, 8);
  std::size_t expected = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<std::byte> value = encode_value(type, generated_value(type));
    std::copy(value.begin(), value.end(), bytes.begin() + static_cast<std::ptrdiff_t>(i * stride));
    if (*rc::gen::inRange(0, 4) == 0) continue;
    validity[(offset_bits + i) / 8] =
        static_cast<std::uint8_t>(validity[(offset_bits + i) / 8] | (1U << ((offset_bits + i) % 8)));
    expected += broken_rules(rules, decoded(type, &bytes[i * stride]));
  }
  ColumnView view;
  view.type = type;
  view.base = bytes.data();
  view.stride_bytes = stride;
  view.count = count;
  view.validity = validity.data();
  view.validity_offset_bits = offset_bits;
  const ColumnSpec spec{"x", type, 1};
  const auto compiled = CompiledContract::compile(contract_of({field_of(rules, "x")}), {&spec, 1}, Environment::kServe);
  RC_ASSERT(compiled.has_value());
  RC_ASSERT(compiled->check({&view, 1}).errors_total == expected);
  RC_ASSERT(compiled->passes({&view, 1}) == (expected == 0));
}

RC_GTEST_PROP(ContractOracle, DenseTensors, ()) {
  const DataType type = *rc::gen::elementOf(std::vector<DataType>(std::begin(kTypes), std::end(kTypes)));
  const std::size_t width = *rc::gen::inRange<std::size_t>(1, 9);
  const std::size_t rows = *rc::gen::inRange<std::size_t>(0, 40);
  std::vector<RandomRules> rules;
  std::vector<ContractField> fields;
  for (std::size_t i = 0; i < width; ++i) {
    rules.push_back(generated_rules(type));
    if (*rc::gen::inRange(0, 3) != 0) rules.back().multiple_of.reset();
    rules.back().valid.clear();
    fields.push_back(field_of(rules.back(), "f" + std::to_string(i)));
    fields.back().tensor = "x";
    fields.back().column = i;
  }
  std::vector<std::byte> bytes;
  std::size_t expected = 0;
  for (std::size_t i = 0; i < rows * width; ++i) {
    const std::vector<std::byte> value = encode_value(type, generated_value(type));
    bytes.insert(bytes.end(), value.begin(), value.end());
    expected += broken_rules(rules[i % width], decoded(type, value.data()));
  }
  const TensorSpec spec{"x", type, {-1, static_cast<std::int64_t>(width)}};
  const auto bound = BoundContract::bind(contract_of(std::move(fields)), {&spec, 1});
  RC_ASSERT(bound.has_value());
  const std::int64_t shape[] = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(width)};
  const TensorView view{"x", type, shape, bytes, {}};
  const auto result = bound->enforce({&view, 1}, 10'000);
  RC_ASSERT(result.has_value() == (expected == 0));
  if (!result) RC_ASSERT(result.error().details.size() == expected);
}

}  // namespace
}  // namespace slipway

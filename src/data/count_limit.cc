#include "data/count_limit.h"

#include <fmt/format.h>

namespace slipway {
namespace {

double percent_of(std::size_t count, std::size_t rows) noexcept {
  return rows == 0 ? 0.0 : 100.0 * static_cast<double>(count) / static_cast<double>(rows);
}

std::string describe(const QualityRule& rule) {
  std::string text = fmt::format("{} {} {}", to_string(rule.metric), to_string(rule.comparison), rule.low.text());
  if (rule.comparison == Comparison::kBetween || rule.comparison == Comparison::kNotBetween)
    text += " and " + rule.high.text();
  return text + (rule.unit == Unit::kPercent ? " percent" : " rows");
}

}  // namespace

CountLimit::CountLimit(const QualityRule& rule)
    : comparison_(rule.comparison),
      unit_(rule.unit),
      low_(rule.low.to_double()),
      high_(rule.high.to_double()),
      rule_(describe(rule)) {}

bool CountLimit::accepts(std::size_t count, std::size_t rows) const noexcept {
  const double value = unit_ == Unit::kPercent ? percent_of(count, rows) : static_cast<double>(count);
  switch (comparison_) {
    case Comparison::kBe:
      return value == low_;
    case Comparison::kNotBe:
      return value != low_;
    case Comparison::kGreaterThan:
      return value > low_;
    case Comparison::kGreaterOrEqualTo:
      return value >= low_;
    case Comparison::kLessThan:
      return value < low_;
    case Comparison::kLessOrEqualTo:
      return value <= low_;
    case Comparison::kBetween:
      return value >= low_ && value <= high_;
    case Comparison::kNotBetween:
      return value < low_ || value > high_;
  }
  return false;
}

std::string CountLimit::found(std::size_t count, std::size_t rows) const {
  if (unit_ == Unit::kRows) return fmt::format("{} of {} rows", count, rows);
  return fmt::format("{} of {} rows ({:.4g} percent)", count, rows, percent_of(count, rows));
}

}  // namespace slipway

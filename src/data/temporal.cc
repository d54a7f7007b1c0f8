#include "data/temporal.h"

namespace slipway {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr WideInt kDayNs = WideInt{86'400} * kSecondNs;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool is_done() const noexcept { return rest_.empty(); }

  bool take(char expected) noexcept {
    if (rest_.empty() || rest_[0] != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `digits` digits within [low, high].
  std::optional<int> number(std::size_t digits, int low, int high) noexcept {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value >= low && value <= high ? std::optional(value) : std::nullopt;
  }

  std::optional<std::int64_t> fraction_ns() noexcept {
    if (!take('.')) return 0;
    std::int64_t value = 0;
    std::int64_t unit = kSecondNs;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      unit /= 10;
      if (unit == 0) return std::nullopt;
      value += (rest_[0] - '0') * unit;
      rest_.remove_prefix(1);
    }
    return unit == kSecondNs ? std::nullopt : std::optional(value);
  }

 private:
  std::string_view rest_;
};

bool is_leap(int year) noexcept { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in(int year, int month) noexcept {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

std::int64_t days_before_year(int year) noexcept {
  const std::int64_t past = year - 1;
  return past * 365 + past / 4 - past / 100 + past / 400;
}

std::optional<WideInt> date(Scanner& scanner) noexcept {
  const auto year = scanner.number(4, 1, 9999);
  if (!year || !scanner.take('-')) return std::nullopt;
  const auto month = scanner.number(2, 1, 12);
  if (!month || !scanner.take('-')) return std::nullopt;
  const auto day = scanner.number(2, 1, days_in(*year, *month));
  if (!day) return std::nullopt;
  std::int64_t days = days_before_year(*year) - days_before_year(1970) + *day - 1;
  for (int before = 1; before < *month; ++before) days += days_in(*year, before);
  return days * kDayNs;
}

std::optional<WideInt> time_of_day(Scanner& scanner) noexcept {
  const auto hour = scanner.number(2, 0, 23);
  if (!hour || !scanner.take(':')) return std::nullopt;
  const auto minute = scanner.number(2, 0, 59);
  if (!minute || !scanner.take(':')) return std::nullopt;
  const auto second = scanner.number(2, 0, 59);
  const auto fraction = second ? scanner.fraction_ns() : std::nullopt;
  if (!fraction) return std::nullopt;
  return (WideInt{*hour} * 3600 + *minute * 60 + *second) * kSecondNs + *fraction;
}

// What to subtract to get UTC.
std::optional<WideInt> offset(Scanner& scanner) noexcept {
  if (scanner.is_done() || scanner.take('Z')) return 0;
  const bool is_east = scanner.take('+');
  if (!is_east && !scanner.take('-')) return std::nullopt;
  const auto hour = scanner.number(2, 0, 23);
  if (!hour || !scanner.take(':')) return std::nullopt;
  const auto minute = scanner.number(2, 0, 59);
  if (!minute) return std::nullopt;
  const WideInt ns = (WideInt{*hour} * 3600 + *minute * 60) * kSecondNs;
  return is_east ? ns : -ns;
}

std::optional<WideInt> timestamp(Scanner& scanner) noexcept {
  const auto day = date(scanner);
  if (!day || (!scanner.take('T') && !scanner.take(' '))) return std::nullopt;
  const auto time = time_of_day(scanner);
  const auto zone = time ? offset(scanner) : std::nullopt;
  if (!zone) return std::nullopt;
  return *day + *time - *zone;
}

}  // namespace

std::optional<WideInt> parse_temporal(LogicalType type, std::string_view text) noexcept {
  Scanner scanner(text);
  std::optional<WideInt> value;
  if (type == LogicalType::kDate) value = date(scanner);
  if (type == LogicalType::kTimestamp) value = timestamp(scanner);
  if (type == LogicalType::kTime) value = time_of_day(scanner);
  return scanner.is_done() ? value : std::nullopt;
}

}  // namespace slipway

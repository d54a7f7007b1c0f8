#include "base/clock.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace slipway {
namespace {

class SystemClock final : public Clock {
 public:
  WallTime now() const noexcept override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  Monotonic monotonic() const noexcept override { return std::chrono::steady_clock::now(); }
};

// Takes exactly `digits` decimal digits off the front.
bool take(std::string_view& text, std::size_t digits, int& value) noexcept {
  if (text.size() < digits || text.front() == '-' || text.front() == '+') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char expected) noexcept {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

// ".123456" as microseconds; nothing is zero.
bool take_fraction(std::string_view& text, int& micros) noexcept {
  micros = 0;
  if (!take(text, '.')) return true;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 6 || !take(text, digits, micros)) return false;
  for (std::size_t i = digits; i < 6; ++i) micros *= 10;
  return true;
}

bool take_offset(std::string_view& text, std::chrono::minutes& offset) noexcept {
  if (take(text, 'Z')) return true;
  const bool is_west = text.starts_with('-');
  int hours = 0;
  int minutes = 0;
  if (!take(text, '+') && !take(text, '-')) return false;
  if (!take(text, 2, hours) || !take(text, ':') || !take(text, 2, minutes) || hours > 23 || minutes > 59) return false;
  offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  if (is_west) offset = -offset;
  return true;
}

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

std::string format_time(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[48];
  const int size =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text, static_cast<std::size_t>(size)};
}

std::optional<WallTime> parse_time(std::string_view text) noexcept {
  int year = 0, month = 0, day = 0;
  if (!take(text, 4, year) || !take(text, '-') || !take(text, 2, month) || !take(text, '-') || !take(text, 2, day))
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const WallTime midnight = std::chrono::sys_days(date);
  if (text.empty()) return midnight;

  int hours = 0, minutes = 0, seconds = 0, micros = 0;
  std::chrono::minutes offset{0};
  if (!take(text, 'T') || !take(text, 2, hours) || !take(text, ':') || !take(text, 2, minutes) || !take(text, ':') ||
      !take(text, 2, seconds) || !take_fraction(text, micros) || !take_offset(text, offset) || !text.empty()) {
    return std::nullopt;
  }
  if (hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
  return midnight + std::chrono::hours(hours) + std::chrono::minutes(minutes) + std::chrono::seconds(seconds) +
         std::chrono::microseconds(micros) - offset;
}

}  // namespace slipway

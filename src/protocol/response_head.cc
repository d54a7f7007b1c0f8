#include "protocol/response_head.h"

#include <array>
#include <charconv>
#include <ctime>
#include <span>

namespace slipway {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// Control characters become spaces: nobody can put a line of their own into a response.
void append_value(std::string& out, std::string_view value) {
  const std::size_t start = out.size();
  out += value;
  for (char& c : std::span(out).subspan(start)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7F) c = ' ';
  }
}

}  // namespace

void write_response_head(const HttpResponse& response, const Id& request_id, const ResponseFraming& framing,
                         std::string& out) {
  out.clear();
  if (response.status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::uint64_t>(response.status));
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\n";
  }
  out += "Date: ";
  out += framing.date;
  if (response.status != 204 && response.status != 304) {
    if (!response.content_type.empty()) {
      out += "\r\nContent-Type: ";
      append_value(out, response.content_type);
    }
    out += "\r\nContent-Length: ";
    append_number(out, framing.content_length);
  }
  if (!framing.content_encoding.empty()) {
    out += "\r\nContent-Encoding: ";
    out += framing.content_encoding;
    out += "\r\nVary: Accept-Encoding";
  }
  out += "\r\nX-Content-Type-Options: nosniff\r\nSlipway-Request-Id: ";
  const std::size_t id_at = out.size();
  out.resize(id_at + 36);
  request_id.write(out.data() + id_at);
  for (const auto& [name, value] : response.headers) {
    out += "\r\n";
    append_value(out, name);
    out += ": ";
    append_value(out, value);
  }
  out += framing.keeps_alive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
}

std::string format_http_date(WallTime time) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                                 kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                                 parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace slipway

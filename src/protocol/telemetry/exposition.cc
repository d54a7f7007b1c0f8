#include "protocol/telemetry/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/bytes.h"

namespace slipway {
namespace {

using metrics::Family;
using metrics::Sample;
using metrics::Type;

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    std::array<char, 32> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  }
}

void append_count(std::string& out, std::uint64_t value) { out += std::to_string(value); }

// Text 0.0.4 leaves quotes in help texts as they are; OpenMetrics escapes them everywhere.
void append_escaped(std::string& out, std::string_view text, bool escapes_quotes) {
  if (!is_utf8(text)) {
    out += "_invalid";
    return;
  }
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (c == '"' && escapes_quotes)) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
}

class Writer {
 public:
  Writer(std::string& out, ExpositionFormat format)
      : out_(out), is_open_metrics_(format == ExpositionFormat::kOpenMetrics) {}

  void family(const Family& family) {
    std::string_view name = family.name;
    if (is_open_metrics_ && family.type == Type::kCounter && name.ends_with("_total")) name.remove_suffix(6);
    head("# HELP ", name);
    append_escaped(out_, family.help, is_open_metrics_);
    out_ += '\n';
    head("# TYPE ", name);
    out_ += to_string(family.type);
    out_ += '\n';
    if (const std::string_view unit = metrics::unit_of(name); is_open_metrics_ && !unit.empty()) {
      head("# UNIT ", name);
      out_ += unit;
      out_ += '\n';
    }
    for (const Sample& sample : family.samples) {
      if (family.type == Type::kHistogram) {
        histogram(family, sample);
      } else {
        line(family, sample, "", {});
        append_number(out_, sample.value);
        out_ += '\n';
      }
    }
  }

 private:
  void head(std::string_view keyword, std::string_view name) {
    out_ += keyword;
    out_ += name;
    out_ += ' ';
  }

  // "name_suffix{labels,le="bound"} "
  void line(const Family& family, const Sample& sample, std::string_view suffix, std::string_view le) {
    out_ += family.name;
    out_ += suffix;
    char separator = '{';
    const auto label = [&](std::string_view name, std::string_view value) {
      out_ += separator;
      separator = ',';
      out_ += name;
      out_ += "=\"";
      append_escaped(out_, value, true);
      out_ += '"';
    };
    for (std::size_t i = 0; i < family.label_names.size(); ++i) label(family.label_names[i], sample.label_values[i]);
    if (!le.empty()) label("le", le);
    out_ += separator == '{' ? " " : "} ";
  }

  void histogram(const Family& family, const Sample& sample) {
    const auto& distribution = sample.distribution;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < distribution.bounds.size(); ++i) {
      cumulative += distribution.bucket_counts[i];
      std::string bound;
      append_number(bound, distribution.bounds[i]);
      // OpenMetrics 1.0, "canonical numbers": a bound of a whole number keeps its ".0".
      if (is_open_metrics_ && bound.find_first_of(".e") == bound.npos) bound += ".0";
      line(family, sample, "_bucket", bound);
      append_count(out_, cumulative);
      out_ += '\n';
    }
    line(family, sample, "_bucket", "+Inf");
    append_count(out_, distribution.count);
    out_ += '\n';
    line(family, sample, "_sum", {});
    append_number(out_, distribution.sum);
    out_ += '\n';
    line(family, sample, "_count", {});
    append_count(out_, distribution.count);
    out_ += '\n';
  }

  std::string& out_;
  const bool is_open_metrics_;
};

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the part up to `separator` off the front of `rest`.
std::string_view take(std::string_view& rest, char separator) noexcept {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

bool equals_ignoring_case(std::string_view a, std::string_view lower) noexcept {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y; });
}

// 1 when the range names no quality, 0 when the quality is malformed.
double quality_of(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const std::string_view parameter = take(parameters, ';');
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    double quality = 0;
    std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), quality);
    return quality >= 0 && quality <= 1 ? quality : 0;
  }
  return 1;
}

}  // namespace

ExpositionFormat choose_exposition(std::string_view accept) noexcept {
  double open_metrics = 0;
  double text = 0;
  while (!accept.empty()) {
    std::string_view range = take(accept, ',');
    const std::string_view type = take(range, ';');
    const double quality = quality_of(range);
    if (equals_ignoring_case(type, "application/openmetrics-text")) {
      open_metrics = std::max(open_metrics, quality);
    } else if (equals_ignoring_case(type, "text/plain")) {
      text = std::max(text, quality);
    }
  }
  return open_metrics > 0 && open_metrics >= text ? ExpositionFormat::kOpenMetrics : ExpositionFormat::kPrometheusText;
}

std::string_view content_type(ExpositionFormat format) noexcept {
  return format == ExpositionFormat::kOpenMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                  : "text/plain; version=0.0.4; charset=utf-8";
}

std::string expose(std::span<const Family> families, ExpositionFormat format) {
  std::string out;
  Writer writer(out, format);
  for (const Family& family : families) writer.family(family);
  if (format == ExpositionFormat::kOpenMetrics) out += "# EOF\n";
  return out;
}

}  // namespace slipway

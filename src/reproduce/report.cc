#include "reproduce/report.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/json_writer.h"

namespace slipway::reproduce {
namespace {

Verdict worst_of(const std::vector<Comparison>& outputs) {
  Verdict worst = Verdict::kBitIdentical;
  for (const Comparison& output : outputs) {
    if (output.match == Match::kDiffers) return Verdict::kDiffers;
    if (output.match == Match::kWithin) worst = Verdict::kWithinTolerance;
  }
  return worst;
}

std::string explain(const std::vector<Comparison>& outputs) {
  const auto is_other = [](const Comparison& output) { return output.match == Match::kDiffers; };
  const auto first = std::find_if(outputs.begin(), outputs.end(), is_other);
  const auto count = std::count_if(outputs.begin(), outputs.end(), is_other);
  std::string text = first->path + ": ";
  if (!first->why.empty()) {
    text += first->why;
  } else {
    text +=
        fmt::format("{} became {} at {}", first->largest->recorded, first->largest->reproduced, first->largest->where);
  }
  if (count > 1) text += fmt::format("; {} outputs differ", count);
  return text;
}

void write_number(JsonWriter& json, double number) {
  if (std::isfinite(number)) {
    json.value(number);
  } else {
    json.value(std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
  }
}

void write_output(JsonWriter& json, const Comparison& output) {
  json.begin_object().key("path").value(output.path).key("match").value(to_string(output.match));
  if (!output.why.empty()) json.key("why").value(output.why);
  if (output.numbers > 0) json.key("numbers").value(output.numbers);
  if (const auto& largest = output.largest) {
    json.key("largest_deviation").begin_object().key("where").value(largest->where);
    write_number(json.key("recorded"), largest->recorded);
    write_number(json.key("reproduced"), largest->reproduced);
    write_number(json.key("absolute"), largest->absolute);
    write_number(json.key("relative"), largest->relative);
    json.end_object();
  }
  json.end_object();
}

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

}  // namespace

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::kBitIdentical:
      return "bit-identical";
    case Verdict::kWithinTolerance:
      return "within-tolerance";
    case Verdict::kDiffers:
      return "differs";
    case Verdict::kCannotRun:
      break;
  }
  return "cannot-run";
}

void judge(Report& report) {
  const int exit_code = report.exit_code.value_or(0);
  if (exit_code != report.recorded_exit_code) {
    const bool is_failure = report.recorded_exit_code == 0;
    report.verdict = is_failure ? Verdict::kCannotRun : Verdict::kDiffers;
    if (is_failure) report.reason = "reproduce.command_failed";
    report.why = fmt::format("the command ended with {}, and with {} when it was recorded", exit_code,
                             report.recorded_exit_code);
    if (is_failure && !report.last_line.empty()) report.why += ": " + report.last_line;
    return;
  }
  report.verdict = worst_of(report.outputs);
  if (report.verdict == Verdict::kDiffers) report.why = explain(report.outputs);
  if (report.outputs.empty() && !report.is_output_same.value_or(true)) {
    report.verdict = Verdict::kDiffers;
    report.why = "no output was declared, and what the command prints is another";
  }
}

std::string report_json(const Report& report) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("run_id").value(report.run_id).key("bundle").value(report.bundle.hex());
  json.key("verdict").value(to_string(report.verdict));
  if (!report.reason.empty()) json.key("reason").value(report.reason);
  if (!report.why.empty()) json.key("why").value(report.why);
  json.key("recorded_exit_code").value(report.recorded_exit_code);
  if (report.exit_code) json.key("exit_code").value(*report.exit_code);
  if (report.is_output_same) json.key("same_standard_output").value(*report.is_output_same);
  if (!report.last_line.empty()) json.key("last_line").value(report.last_line);
  json.key("outputs").begin_array();
  for (const Comparison& output : report.outputs) write_output(json, output);
  json.end_array();
  write_texts(json, "differences", report.differences);
  write_texts(json, "gaps", report.gaps);
  if (!report.directory.empty()) json.key("directory").value(report.directory);
  json.end_object();
  return text;
}

}  // namespace slipway::reproduce

#include "cli/bench_report.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

using loadtest::LatencyHistogram;

struct Quantile {
  const char* name;
  double q;
};
constexpr Quantile kQuantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}};

double per_second(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

void write_latency(JsonWriter& json, const LatencyHistogram& histogram) {
  json.begin_object().key("mean").value(histogram.mean_ns() / 1e3);
  for (const auto& [name, q] : kQuantiles) json.key(name).value(histogram.quantile_ns(q) / 1e3);
  json.key("max").value(static_cast<double>(histogram.max_ns()) / 1e3).end_object();
}

void add_row(Table& table, std::string load, std::string what, const BenchPoint& point,
             const LatencyHistogram& histogram) {
  std::vector<std::string> cells{std::move(load), std::move(what),
                                 number_text(per_second(point.result.succeeded, point.result.seconds)),
                                 number_text(per_second(point.result.rows, point.result.seconds))};
  for (const auto& [name, q] : kQuantiles) cells.push_back(duration_text(histogram.quantile_ns(q) / 1e3));
  cells.push_back(duration_text(static_cast<double>(histogram.max_ns()) / 1e3));
  cells.push_back(count_text(point.result.failed()));
  table.add(std::move(cells));
}

}  // namespace

std::string bench_table(const BenchSubject& subject, const std::vector<BenchPoint>& points) {
  std::string text = fmt::format("{} at {}: {} connections, {} threads, {} bodies of {}\n\n", clean(subject.model),
                                 clean(subject.url), subject.connections, subject.threads,
                                 subject.is_binary ? "binary" : "JSON", bytes_text(subject.request_bytes));
  Table table({"load", "latency", "req/s", "rows/s", "p50", "p90", "p95", "p99", "p99.9", "max", "failed"});
  for (const BenchPoint& point : points) {
    if (point.rate_per_s == 0) {
      add_row(table, "closed", "service", point, point.result.service);
      continue;
    }
    const std::string load = fmt::format("{}/s", number_text(point.rate_per_s));
    add_row(table, load, "corrected", point, point.result.latency);
    add_row(table, load, "service", point, point.result.service);
  }
  text += table.to_string();
  for (const BenchPoint& point : points) {
    for (const auto& [kind, count] : point.result.errors) {
      const std::string load = point.rate_per_s == 0 ? "closed" : fmt::format("{}/s", number_text(point.rate_per_s));
      text += fmt::format("{}: {} failed with {}\n", load, count_text(count), clean(kind));
    }
  }
  return text;
}

std::string bench_json(const BenchSubject& subject, const std::vector<BenchPoint>& points) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("url").value(subject.url).key("model").value(subject.model);
  json.key("connections").value(subject.connections).key("threads").value(subject.threads);
  json.key("binary").value(subject.is_binary).key("request_bytes").value(subject.request_bytes);
  json.key("points").begin_array();
  for (const BenchPoint& point : points) {
    const loadtest::LoadResult& result = point.result;
    json.begin_object().key("loop").value(point.rate_per_s == 0 ? "closed" : "open");
    if (point.rate_per_s > 0) json.key("rate_per_s").value(point.rate_per_s);
    json.key("seconds").value(result.seconds).key("succeeded").value(result.succeeded);
    json.key("failed").value(result.failed()).key("errors").begin_object();
    for (const auto& [kind, count] : result.errors) json.key(kind).value(count);
    json.end_object().key("requests_per_s").value(per_second(result.succeeded, result.seconds));
    json.key("rows_per_s").value(per_second(result.rows, result.seconds));
    json.key("bytes_sent").value(result.bytes_sent).key("bytes_received").value(result.bytes_received);
    json.key("service_us");
    write_latency(json, result.service);
    if (point.rate_per_s > 0) {
      json.key("latency_us");
      write_latency(json, result.latency);
    }
    json.end_object();
  }
  json.end_array().end_object();
  return text + '\n';
}

}  // namespace slipway::cli

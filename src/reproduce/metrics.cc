#include "reproduce/metrics.h"

#include <simdjson.h>

namespace slipway::reproduce {
namespace {

constexpr std::size_t kDepthMax = 20;

void collect(const simdjson::dom::element& element, const std::string& name, std::size_t depth,
             std::map<std::string, double>& metrics) {
  double number = 0;
  if (element.get(number) == simdjson::SUCCESS) {
    metrics[name] = number;
  } else if (element.is_object() && depth < kDepthMax) {
    for (const auto [key, value] : simdjson::dom::object(element)) {
      std::string inner = name.empty() ? "" : name + '.';
      collect(value, inner.append(key), depth + 1, metrics);
    }
  }
}

}  // namespace

Result<std::map<std::string, double>> read_metrics(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string text(json);
  if (parser.parse(text).get(root) != simdjson::SUCCESS || !root.is_object())
    return fail(Code::kInvalidArgument, "reproduce.metrics", "the metrics file is no JSON object");
  std::map<std::string, double> metrics;
  collect(root, "", 0, metrics);
  if (metrics.size() > kMetricsMax)
    return fail(Code::kInvalidArgument, "reproduce.metrics", "the metrics file has more than 1000 numbers");
  return metrics;
}

}  // namespace slipway::reproduce

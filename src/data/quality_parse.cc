#include "data/quality_parse.h"

#include <algorithm>
#include <re2/re2.h>

#include "base/bytes.h"
#include "data/nearest.h"

namespace slipway {
namespace {

using yaml::Node;

constexpr RuleMetric kMetrics[] = {RuleMetric::kNullValues, RuleMetric::kMissingValues, RuleMetric::kInvalidValues,
                                   RuleMetric::kDuplicateValues, RuleMetric::kRowCount};
constexpr Comparison kComparisons[] = {
    Comparison::kBe,       Comparison::kNotBe,         Comparison::kGreaterThan, Comparison::kGreaterOrEqualTo,
    Comparison::kLessThan, Comparison::kLessOrEqualTo, Comparison::kBetween,     Comparison::kNotBetween};

class RuleReader {
 public:
  RuleReader(const Node& node, const std::string& path, bool of_object, const QualityDefaults& defaults,
             Problems& problems)
      : node_(node), path_(path), of_object_(of_object), defaults_(defaults), problems_(problems) {}

  std::optional<QualityRule> read() {
    rule_.line = node_.position.line;
    const bool complete = read_metric() && read_comparison() && read_unit() && read_arguments() && read_severity();
    if (!complete) return std::nullopt;
    const CustomProperties custom = read_custom_properties(node_, Place::kRule, path_, problems_);
    rule_.environments = custom.environments.value_or(default_environments());
    return std::move(rule_);
  }

 private:
  // A share or a count over a data set says nothing of a request of one row: train only, unless the rule says
  // otherwise.
  Environments default_environments() const {
    Environments environments = defaults_.environments;
    if (!rule_.is_per_row()) environments.in_serve = false;
    return environments;
  }

  bool read_metric() {
    const Node* metric = node_.find("metric");
    if (metric == nullptr || metric->kind != Node::Kind::kScalar) {
      return refuse(node_.position, "nothing", "a library rule needs a metric");
    }
    const auto found = std::find_if(std::begin(kMetrics), std::end(kMetrics),
                                    [&](RuleMetric each) { return to_string(each) == metric->text; });
    if (found == std::end(kMetrics)) {
      return refuse(metric->position, quoted(metric->text),
                    "metric must be nullValues, missingValues, invalidValues, duplicateValues or rowCount");
    }
    rule_.metric = *found;
    const bool fits = of_object_ ? rule_.metric == RuleMetric::kRowCount || rule_.metric == RuleMetric::kDuplicateValues
                                 : rule_.metric != RuleMetric::kRowCount;
    if (fits) return true;
    return refuse(
        metric->position, quoted(metric->text),
        of_object_ ? "this metric belongs to a property" : "this metric belongs to the schema, not to a property");
  }

  bool read_comparison() {
    const Node* threshold = nullptr;
    for (const Comparison comparison : kComparisons) {
      const Node* value = node_.find(to_string(comparison));
      if (value == nullptr) continue;
      if (threshold != nullptr) return refuse(value->position, "two comparisons", "one comparison a rule");
      threshold = value;
      rule_.comparison = comparison;
    }
    if (threshold == nullptr)
      return refuse(node_.position, "nothing", "a rule needs a comparison such as mustBe or mustBeLessThan");
    if (threshold->kind == Node::Kind::kList) {
      rule_.low = *Number::parse(threshold->items[0]->text);
      rule_.high = *Number::parse(threshold->items[1]->text);
      return true;
    }
    const std::optional<Number> number = Number::parse(threshold->text);
    if (!number)
      return refuse(threshold->position, quoted(threshold->text), "the metric is a number; compare it with one");
    rule_.low = rule_.high = *number;
    return true;
  }

  bool read_unit() {
    const Node* unit = node_.find("unit");
    if (unit == nullptr || unit->kind == Node::Kind::kNull || unit->text == "rows") return true;
    if (unit->text != "percent") return refuse(unit->position, quoted(unit->text), "unit must be rows or percent");
    if (rule_.metric == RuleMetric::kRowCount) return refuse(unit->position, quoted("percent"), "rowCount counts rows");
    rule_.unit = Unit::kPercent;
    return true;
  }

  bool read_severity() {
    rule_.severity = defaults_.severity;
    const Node* severity = node_.find("severity");
    if (severity == nullptr || severity->kind == Node::Kind::kNull) return true;
    const std::optional<Severity> parsed = parse_severity(severity->text);
    if (!parsed) return refuse(severity->position, quoted(severity->text), "severity must be error, warning or info");
    rule_.severity = *parsed;
    return true;
  }

  bool read_arguments() {
    const Node* arguments = node_.find("arguments");
    static const Node kNone;
    const Node& map = arguments != nullptr ? *arguments : kNone;
    for (const yaml::Entry& entry : map.entries) {
      if (!takes(entry.key)) {
        return refuse(entry.position, quoted(entry.key),
                      std::string(to_string(rule_.metric)) + " has no such argument");
      }
    }
    if (const Node* pattern = map.find("pattern"); pattern != nullptr && pattern->kind == Node::Kind::kScalar) {
      rule_.pattern = pattern->text;
      check_pattern(rule_.pattern, pattern, path_ + ".arguments.pattern", problems_);
    }
    if (const Node* names = map.find("properties")) {
      for (const Node* name : names->items) rule_.properties.push_back(name->text);
    }
    if (!read_values(map.find("validValues")) || !read_values(map.find("missingValues"))) return false;
    return require_arguments();
  }

  bool require_arguments() {
    if (rule_.metric == RuleMetric::kInvalidValues && rule_.values.empty() && rule_.pattern.empty()) {
      return refuse(node_.position, "neither", "invalidValues needs the argument validValues or pattern");
    }
    if (rule_.metric == RuleMetric::kInvalidValues && !rule_.values.empty() && !rule_.pattern.empty()) {
      return refuse(node_.position, "both", "validValues and pattern: give each a rule of its own");
    }
    if (rule_.metric == RuleMetric::kMissingValues && rule_.values.empty()) {
      return refuse(node_.position, "nothing", "missingValues needs the argument missingValues");
    }
    if (of_object_ && rule_.metric == RuleMetric::kDuplicateValues && rule_.properties.empty()) {
      return refuse(node_.position, "nothing", "duplicateValues of a schema needs the argument properties");
    }
    return true;
  }

  bool takes(std::string_view argument) const {
    switch (rule_.metric) {
      case RuleMetric::kInvalidValues:
        return argument == "validValues" || argument == "pattern";
      case RuleMetric::kMissingValues:
        return argument == "missingValues";
      case RuleMetric::kDuplicateValues:
        return of_object_ && argument == "properties";
      case RuleMetric::kNullValues:
      case RuleMetric::kRowCount:
        return false;
    }
    return false;
  }

  bool read_values(const Node* list) {
    if (list == nullptr) return true;
    if (list->kind != Node::Kind::kList || list->items.empty()) {
      return refuse(list->position, "not a list", "must be a list of at least one value");
    }
    for (const Node* item : list->items) {
      if (item->kind == Node::Kind::kList || item->kind == Node::Kind::kMap) {
        return refuse(item->position, "a list or a map", "a value must be text, a number, true, false or null");
      }
      rule_.values.push_back({item->text, item->kind == Node::Kind::kNull});
    }
    return true;
  }

  bool refuse(yaml::Position position, std::string found, std::string rule) {
    problems_.add("contract.bad_value", position, path_, std::move(found), std::move(rule));
    return false;
  }

  const Node& node_;
  const std::string& path_;
  bool of_object_;
  const QualityDefaults& defaults_;
  Problems& problems_;
  QualityRule rule_;
};

}  // namespace

QualityDefaults quality_defaults(const CustomProperties& custom) noexcept {
  return {custom.severity.value_or(Severity::kError), custom.environments.value_or(Environments{})};
}

void read_quality(const yaml::Node& map, const std::string& path, bool of_object, const QualityDefaults& defaults,
                  Problems& problems, std::vector<ContractNote>& notes, std::vector<QualityRule>& rules) {
  const Node* list = map.find("quality");
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& node = *list->items[i];
    const std::string here = path + ".quality[" + std::to_string(i) + "]";
    const Node* type = node.find("type");
    const std::string_view kind =
        type != nullptr && type->kind == Node::Kind::kScalar ? std::string_view(type->text) : "library";
    if (kind == "library") {
      if (std::optional<QualityRule> rule = RuleReader(node, here, of_object, defaults, problems).read()) {
        rules.push_back(std::move(*rule));
      }
    } else if (kind == "text" || kind == "sql" || kind == "custom") {
      notes.push_back(
          {node.position.line, here, "a quality rule of type " + std::string(kind) + " is kept, not enforced"});
    } else {
      problems.add("contract.bad_value", type->position, here + ".type", quoted(kind),
                   "type must be library, text, sql or custom");
    }
  }
}

void check_pattern(const std::string& pattern, const yaml::Node* node, const std::string& path, Problems& problems) {
  if (pattern.empty() || node == nullptr) return;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const RE2 compiled(pattern, options);
  if (compiled.ok()) return;
  problems.add("contract.bad_value", node->position, path, quoted(pattern),
               "the pattern is not RE2 syntax: " + compiled.error());
}

}  // namespace slipway

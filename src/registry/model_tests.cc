#include "registry/model_tests.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "registry/manifest.h"
#include "registry/strict_json.h"

namespace slipway {
namespace {

constexpr std::string_view kReason = "model_tests.invalid";
constexpr std::size_t kTestsMax = 10'000;

// Null where the element is no single value.
std::optional<Cell> cell_of(simdjson::dom::element element) {
  switch (element.type()) {
    case simdjson::dom::element_type::INT64:
      return element.get_int64().value_unsafe();
    case simdjson::dom::element_type::UINT64:
      return element.get_uint64().value_unsafe();
    case simdjson::dom::element_type::DOUBLE:
      return element.get_double().value_unsafe();
    case simdjson::dom::element_type::BOOL:
      return std::int64_t{element.get_bool().value_unsafe()};
    case simdjson::dom::element_type::STRING:
      return std::string(element.get_string().value_unsafe());
    default:
      return std::nullopt;
  }
}

// Flat or nested lists; the parser's depth limit bounds the recursion. False at a null or an object.
bool append_cells(simdjson::dom::array array, std::vector<Cell>& out) {
  for (const simdjson::dom::element element : array) {
    if (element.is_array()) {
      if (!append_cells(element.get_array().value_unsafe(), out)) return false;
      continue;
    }
    auto cell = cell_of(element);
    if (!cell) return false;
    out.push_back(*std::move(cell));
  }
  return true;
}

Result<std::vector<Cell>> read_data(const JsonValue& value) {
  simdjson::dom::array array;
  if (value.element().get(array) != simdjson::SUCCESS) return value.refuse("a list is expected");
  std::vector<Cell> cells;
  if (!append_cells(array, cells)) return value.refuse("numbers, booleans and texts are expected");
  return cells;
}

Result<std::vector<std::int64_t>> read_shape(const JsonValue& value) {
  SLIPWAY_TRY(const std::vector<JsonValue> elements, value.array(16));
  std::vector<std::int64_t> shape;
  for (const JsonValue& element : elements) {
    SLIPWAY_TRY(const std::uint64_t dimension, element.natural());
    shape.push_back(static_cast<std::int64_t>(dimension));
  }
  return shape;
}

Result<OwnedTensor> read_tensor(std::string_view name, const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  SLIPWAY_TRY(const JsonValue type_value, members.require("datatype"));
  SLIPWAY_TRY(const std::string_view type_name, type_value.text());
  const auto type = parse_data_type(type_name);
  if (!type) return type_value.refuse("a data type such as FP32 is expected, found " + slipway::quoted(type_name));
  SLIPWAY_TRY(const JsonValue shape_value, members.require("shape"));
  SLIPWAY_TRY(const std::vector<std::int64_t> shape, read_shape(shape_value));
  SLIPWAY_TRY(const JsonValue data_value, members.require("data"));
  SLIPWAY_TRY(const std::vector<Cell> cells, read_data(data_value));
  SLIPWAY_CHECK(members.finish());
  const auto count = element_count(std::span<const std::int64_t>(shape));
  if (!count) return shape_value.refuse(count.error().message);
  if (*count != cells.size()) {
    return data_value.refuse(std::to_string(cells.size()) + " elements; the shape has " + std::to_string(*count));
  }
  OwnedTensor tensor(std::string(name), *type, shape);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!tensor.append(cells[i])) {
      return data_value.refuse("element " + std::to_string(i) + ", " + slipway::quoted(to_text(cells[i])) +
                               ", does not fit " + std::string(type_name));
    }
  }
  return tensor;
}

Result<std::vector<OwnedTensor>> read_tensors(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  std::vector<OwnedTensor> tensors;
  for (const auto& [name, member] : members.take_all()) {
    SLIPWAY_TRY(tensors.emplace_back(), read_tensor(name, member));
  }
  if (tensors.empty()) return value.refuse("a tensor at least is expected");
  return tensors;
}

Result<std::string> read_text(JsonMembers& members, std::string_view key) {
  SLIPWAY_TRY(const JsonValue value, members.require(key));
  SLIPWAY_TRY(const std::string_view text, value.text());
  if (text.empty()) return value.refuse("it is empty");
  return std::string(text);
}

Result<double> read_tolerance(JsonMembers& members) {
  const auto value = members.take("tolerance");
  if (!value) return 0.0;
  SLIPWAY_TRY(const double tolerance, value->number());
  if (tolerance < 0) return value->refuse("a tolerance is 0 or more");
  return tolerance;
}

Result<std::vector<ExpectedOutput>> read_outputs(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  std::vector<ExpectedOutput> outputs;
  for (const auto& [name, member] : members.take_all()) {
    SLIPWAY_TRY(JsonMembers fields, member.object());
    ExpectedOutput& output = outputs.emplace_back();
    output.name = name;
    SLIPWAY_TRY(const JsonValue data, fields.require("data"));
    SLIPWAY_TRY(output.data, read_data(data));
    SLIPWAY_TRY(output.tolerance, read_tolerance(fields));
    SLIPWAY_CHECK(fields.finish());
  }
  if (outputs.empty()) return value.refuse("an output at least is expected: a case without one cannot fail");
  return outputs;
}

Result<ModelCase> read_case(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  ModelCase read;
  SLIPWAY_TRY(read.name, read_text(members, "name"));
  SLIPWAY_TRY(const JsonValue inputs, members.require("inputs"));
  SLIPWAY_TRY(read.inputs, read_tensors(inputs));
  SLIPWAY_TRY(const JsonValue outputs, members.require("outputs"));
  SLIPWAY_TRY(read.outputs, read_outputs(outputs));
  SLIPWAY_CHECK(members.finish());
  return read;
}

Result<ModelInvariance> read_invariance(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  ModelInvariance read;
  SLIPWAY_TRY(read.name, read_text(members, "name"));
  SLIPWAY_TRY(const JsonValue inputs, members.require("inputs"));
  SLIPWAY_TRY(read.inputs, read_tensors(inputs));
  SLIPWAY_TRY(const JsonValue change, members.require("change"));
  SLIPWAY_TRY(const std::vector<OwnedTensor> changes, read_tensors(change));
  read.changed = read.inputs;
  for (const OwnedTensor& tensor : changes) {
    const auto place = std::find_if(read.changed.begin(), read.changed.end(),
                                    [&](const OwnedTensor& input) { return input.name() == tensor.name(); });
    if (place == read.changed.end()) return change.refuse(slipway::quoted(tensor.name()) + " is not among the inputs");
    *place = tensor;
  }
  SLIPWAY_TRY(read.output, read_text(members, "output"));
  SLIPWAY_TRY(read.tolerance, read_tolerance(members));
  SLIPWAY_CHECK(members.finish());
  return read;
}

Result<std::map<std::string, std::vector<std::string>>> read_columns(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  std::map<std::string, std::vector<std::string>> columns;
  for (const auto& [tensor, list] : members.take_all()) {
    SLIPWAY_TRY(const std::vector<JsonValue> names, list.array(kTestsMax));
    if (names.empty()) return list.refuse("a column at least is expected");
    for (const JsonValue& name : names) {
      SLIPWAY_TRY(const std::string_view text, name.text());
      columns[std::string(tensor)].emplace_back(text);
    }
  }
  return columns;
}

Result<std::optional<double>> read_bound(JsonMembers& members, std::string_view key) {
  const auto value = members.take(key);
  if (!value) return std::optional<double>();
  SLIPWAY_TRY(const double bound, value->number());
  return std::optional<double>(bound);
}

Result<ModelMetric> read_metric(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  ModelMetric read;
  SLIPWAY_TRY(const std::string name, read_text(members, "name"));
  const auto metric = parse_quality_metric(name);
  if (!metric)
    return value.refuse("name: accepted are accuracy, f1, auc, mae, rmse, r2; found " + slipway::quoted(name));
  read.metric = *metric;
  SLIPWAY_TRY(read.data, read_text(members, "data"));
  if (const Status path = check_bundle_path(read.data); !path) return value.refuse("data: " + path.error().message);
  SLIPWAY_TRY(read.label, read_text(members, "label"));
  SLIPWAY_TRY(read.output, read_text(members, "output"));
  if (const auto columns = members.take("columns")) {
    SLIPWAY_TRY(read.columns, read_columns(*columns));
  }
  if (const auto column = members.take("column")) {
    SLIPWAY_TRY(read.column, column->natural());
  }
  if (const auto positive = members.take("positive")) {
    auto cell = cell_of(positive->element());
    if (!cell) return positive->refuse("a number, a boolean or a text is expected");
    read.positive = *std::move(cell);
  }
  SLIPWAY_TRY(read.minimum, read_bound(members, "minimum"));
  SLIPWAY_TRY(read.maximum, read_bound(members, "maximum"));
  SLIPWAY_CHECK(members.finish());
  if (read.minimum.has_value() == read.maximum.has_value())
    return value.refuse("one of minimum and maximum is expected");
  return read;
}

}  // namespace

Result<ModelTests> parse_model_tests(std::string_view json) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(json, kModelTestsBytesMax, kReason));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  ModelTests tests;
  if (const auto cases = members.take("cases")) {
    SLIPWAY_TRY(const std::vector<JsonValue> elements, cases->array(kTestsMax));
    for (const JsonValue& element : elements) {
      SLIPWAY_TRY(tests.cases.emplace_back(), read_case(element));
    }
  }
  if (const auto invariances = members.take("invariances")) {
    SLIPWAY_TRY(const std::vector<JsonValue> elements, invariances->array(kTestsMax));
    for (const JsonValue& element : elements) {
      SLIPWAY_TRY(tests.invariances.emplace_back(), read_invariance(element));
    }
  }
  if (const auto metric = members.take("metric")) {
    SLIPWAY_TRY(tests.metric, read_metric(*metric));
  }
  SLIPWAY_CHECK(members.finish());
  if (tests.cases.empty() && tests.invariances.empty() && !tests.metric) {
    return document.root().refuse("a suite has a case, an invariance or a metric at least");
  }
  return tests;
}

}  // namespace slipway

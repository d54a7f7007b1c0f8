#include <algorithm>

#include "base/bytes.h"
#include "data/contract.h"
#include "data/custom_properties.h"
#include "data/odcs_shapes.h"
#include "data/quality_parse.h"
#include "data/shape.h"
#include "data/yaml_tree.h"

namespace slipway {
namespace {

using yaml::Node;

std::string text_of(const Node& map, std::string_view key) {
  const Node* value = map.find(key);
  return value != nullptr ? value->text : std::string();
}

bool flag_of(const Node& map, std::string_view key) { return text_of(map, key) == "true"; }

std::optional<Number> number_of(const Node* map, std::string_view key) {
  const Node* value = map != nullptr ? map->find(key) : nullptr;
  return value != nullptr ? Number::parse(value->text) : std::nullopt;
}

std::optional<std::uint64_t> length_of(const Node* map, std::string_view key) {
  const std::optional<Number> number = number_of(map, key);
  if (!number) return std::nullopt;
  constexpr WideInt kMax = UINT64_MAX;
  return static_cast<std::uint64_t>(std::min(number->floor(), kMax));
}

class ContractReader {
 public:
  Result<Contract> read(const Node& root) {
    check_shape(root, odcs::kContract, "", problems_);
    if (!problems_.is_empty()) return fail(problems_.to_error());
    read_header(root);
    const CustomProperties custom = read_custom_properties(root, Place::kContract, "", problems_);
    contract_.model_schema = custom.model_schema;
    if (const Node* schema = root.find("schema")) {
      for (std::size_t i = 0; i < schema->items.size(); ++i) {
        read_object(*schema->items[i], "schema[" + std::to_string(i) + "]", custom);
      }
    }
    note_keys(root, {"slaProperties"}, "");
    if (!problems_.is_empty()) return fail(problems_.to_error());
    return std::move(contract_);
  }

 private:
  void read_header(const Node& root) {
    contract_.api_version = text_of(root, "apiVersion");
    contract_.id = text_of(root, "id");
    contract_.name = text_of(root, "name");
    contract_.version = text_of(root, "version");
    contract_.status = text_of(root, "status");
    if (const Node* description = root.find("description")) contract_.purpose = text_of(*description, "purpose");
    static constexpr std::string_view kVersions[] = {"v3.1.0", "v3.0.2", "v3.0.1", "v3.0.0"};
    if (std::find(std::begin(kVersions), std::end(kVersions), contract_.api_version) == std::end(kVersions)) {
      problems_.add("contract.unsupported", root.find("apiVersion")->position, "apiVersion",
                    quoted(contract_.api_version), "apiVersion must be v3.1.0 (or v3.0.0, v3.0.1, v3.0.2)");
    }
    if (text_of(root, "kind") != "DataContract") {
      problems_.add("contract.unsupported", root.find("kind")->position, "kind", quoted(text_of(root, "kind")),
                    "kind must be DataContract");
    }
  }

  void read_object(const Node& node, const std::string& path, const CustomProperties& inherited) {
    ContractObject object;
    object.name = text_of(node, "name");
    object.line = node.position.line;
    const CustomProperties custom = read_custom_properties(node, Place::kObject, path, problems_, inherited);
    object.tensor = custom.tensor;
    object.accepts_nan = custom.accepts_nan.value_or(false);
    object.accepts_infinity = custom.accepts_infinity.value_or(false);
    if (const Node* properties = node.find("properties")) {
      std::size_t next_column = 0;
      for (std::size_t i = 0; i < properties->items.size(); ++i) {
        read_field(*properties->items[i], path + ".properties[" + std::to_string(i) + "]", custom, next_column, object);
      }
    }
    read_quality(node, path, true, quality_defaults(custom), problems_, contract_.not_enforced, object.quality);
    check_references(node, object, path);
    note_keys(node, {"relationships"}, path);
    const bool is_taken = std::any_of(contract_.objects.begin(), contract_.objects.end(),
                                      [&](const ContractObject& other) { return other.name == object.name; });
    if (is_taken) {
      problems_.add("contract.bad_value", node.position, path + ".name", quoted(object.name),
                    "a schema of this name stands above");
    }
    contract_.objects.push_back(std::move(object));
  }

  // `next_column`: of a schema that maps its properties to the columns of one input in their order.
  void read_field(const Node& node, const std::string& path, const CustomProperties& inherited,
                  std::size_t& next_column, ContractObject& object) {
    ContractField field;
    field.name = text_of(node, "name");
    field.line = node.position.line;
    field.type = logical_type(node, path);
    field.is_required = flag_of(node, "required");
    field.is_unique = flag_of(node, "unique");
    field.is_primary_key = flag_of(node, "primaryKey");
    read_options(node, path, field);

    const CustomProperties custom = read_custom_properties(node, Place::kProperty, path, problems_, inherited);
    field.accepts_nan = custom.accepts_nan.value_or(false);
    field.accepts_infinity = custom.accepts_infinity.value_or(false);
    field.severity = custom.severity.value_or(Severity::kError);
    field.environments = custom.environments.value_or(Environments{});
    field.column = custom.column;
    field.tensor = !custom.tensor.empty() ? custom.tensor : field.name;
    if (custom.has_inherited_tensor && field.environments.in_serve) {
      if (!field.column) field.column = next_column;
      next_column = *field.column + 1;
    }
    read_quality(node, path, false, quality_defaults(custom), problems_, contract_.not_enforced, field.quality);
    note_keys(node, {"relationships"}, path);
    const bool is_taken = std::any_of(object.fields.begin(), object.fields.end(),
                                      [&](const ContractField& other) { return other.name == field.name; });
    if (is_taken) {
      problems_.add("contract.bad_value", node.position, path + ".name", quoted(field.name),
                    "a property of this name stands above");
    }
    object.fields.push_back(std::move(field));
  }

  LogicalType logical_type(const Node& node, const std::string& path) {
    const Node* value = node.find("logicalType");
    if (value == nullptr || value->kind == Node::Kind::kNull) return LogicalType::kUnspecified;
    for (int i = 1; i <= static_cast<int>(LogicalType::kArray); ++i) {
      const auto type = static_cast<LogicalType>(i);
      if (to_string(type) == value->text) return type;
    }
    problems_.add("contract.bad_value", value->position, path + ".logicalType", quoted(value->text),
                  "logicalType must be string, integer, number, boolean, date, timestamp, time, object or array");
    return LogicalType::kUnspecified;
  }

  void read_options(const Node& node, const std::string& path, ContractField& field) {
    const Node* options = node.find("logicalTypeOptions");
    if (options == nullptr || options->kind == Node::Kind::kNull) return;
    const std::string here = path + ".logicalTypeOptions";
    if (field.type == LogicalType::kUnspecified) {
      problems_.add("contract.bad_value", options->position, here, "options", "logicalTypeOptions need a logicalType");
      return;
    }
    check_shape(*options, odcs::type_options(field.type), here, problems_);
    field.format = text_of(*options, "format");
    if (field.type == LogicalType::kInteger || field.type == LogicalType::kNumber) {
      read_number_options(*options, here, field);
    } else if (field.type == LogicalType::kString) {
      field.length_min = length_of(options, "minLength");
      field.length_max = length_of(options, "maxLength");
      field.pattern = text_of(*options, "pattern");
      check_pattern(field.pattern, options->find("pattern"), here + ".pattern", problems_);
      if (!field.format.empty())
        note(*options, here + ".format", "the format of a string is not checked; a pattern is");
    } else {
      field.earliest = text_of(*options, "minimum");
      field.latest = text_of(*options, "maximum");
      field.exclusive_earliest = text_of(*options, "exclusiveMinimum");
      field.exclusive_latest = text_of(*options, "exclusiveMaximum");
      for (const std::string_view key : {"timezone", "defaultTimezone"}) {
        if (const Node* zone = options->find(key)) {
          note(*zone, here + "." + std::string(key), "not checked; a timestamp without an offset is UTC");
        }
      }
    }
  }

  void read_number_options(const Node& options, const std::string& path, ContractField& field) {
    field.minimum = number_of(&options, "minimum");
    field.maximum = number_of(&options, "maximum");
    field.exclusive_minimum = number_of(&options, "exclusiveMinimum");
    field.exclusive_maximum = number_of(&options, "exclusiveMaximum");
    field.multiple_of = number_of(&options, "multipleOf");
    if (field.multiple_of && !field.multiple_of->is_positive()) {
      problems_.add("contract.bad_value", options.find("multipleOf")->position, path + ".multipleOf",
                    field.multiple_of->text(), "multipleOf must be above 0");
    }
    if (field.minimum && field.maximum && compare(*field.minimum, *field.maximum) > 0) {
      problems_.add("contract.bad_value", options.position, path,
                    field.minimum->text() + " and " + field.maximum->text(),
                    "minimum is above maximum; no value would be accepted");
    }
    static constexpr std::string_view kIntegers[] = {"i8", "i16", "i32", "i64", "i128",
                                                     "u8", "u16", "u32", "u64", "u128"};
    static constexpr std::string_view kFloats[] = {"f32", "f64"};
    const bool is_integer = field.type == LogicalType::kInteger;
    const bool is_known =
        field.format.empty() ||
        (is_integer && std::find(std::begin(kIntegers), std::end(kIntegers), field.format) != std::end(kIntegers)) ||
        (!is_integer && std::find(std::begin(kFloats), std::end(kFloats), field.format) != std::end(kFloats));
    if (!is_known) {
      problems_.add("contract.bad_value", options.find("format")->position, path + ".format", quoted(field.format),
                    is_integer ? "format must be i8, i16, i32, i64, i128, u8, u16, u32, u64 or u128"
                               : "format must be f32 or f64");
    }
  }

  void check_references(const Node& node, const ContractObject& object, const std::string& path) {
    for (const QualityRule& rule : object.quality) {
      for (const std::string& name : rule.properties) {
        const bool is_known = std::any_of(object.fields.begin(), object.fields.end(),
                                          [&](const ContractField& field) { return field.name == name; });
        if (is_known) continue;
        problems_.add("contract.bad_value", {rule.line, node.position.column}, path + ".quality", quoted(name),
                      "duplicateValues names a property that the schema does not have");
      }
    }
  }

  void note(const Node& node, std::string path, std::string text) {
    contract_.not_enforced.push_back({node.position.line, std::move(path), std::move(text)});
  }

  void note_keys(const Node& node, std::initializer_list<std::string_view> keys, const std::string& path) {
    for (const std::string_view key : keys) {
      const Node* value = node.find(key);
      if (value == nullptr || value->items.empty()) continue;
      note(*value, path.empty() ? std::string(key) : path + "." + std::string(key), "kept, not enforced on data");
    }
  }

  Contract contract_;
  Problems problems_;
};

}  // namespace

Result<Contract> parse_contract(std::string_view yaml) {
  SLIPWAY_TRY(const yaml::Document document, yaml::Document::parse(yaml));
  return ContractReader().read(document.root());
}

}  // namespace slipway

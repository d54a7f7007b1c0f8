// A contract as text: for the console, the command line and model cards.
#include <fmt/format.h>

#include "base/json_writer.h"
#include "data/contract.h"
#include "data/count_limit.h"

namespace slipway {
namespace {

std::string quality_text(const QualityRule& rule) {
  std::string text = CountLimit(rule).rule();
  if (!rule.pattern.empty()) text += " (pattern " + rule.pattern + ")";
  if (!rule.values.empty()) {
    text += " (";
    for (std::size_t i = 0; i < rule.values.size(); ++i) {
      text.append(i == 0 ? "" : ", ").append(rule.values[i].is_null ? "null" : rule.values[i].text);
    }
    text += ")";
  }
  for (std::size_t i = 0; i < rule.properties.size(); ++i)
    text.append(i == 0 ? " of " : ", ").append(rule.properties[i]);
  if (rule.severity == Severity::kWarn) text += ", warn";
  if (!rule.environments.in_serve) text += ", train only";
  if (!rule.environments.in_train) text += ", serve only";
  return text;
}

std::vector<std::string> rules_of(const ContractField& field) {
  std::vector<std::string> rules;
  const auto number = [&](const std::optional<Number>& value, std::string_view name) {
    if (value) rules.push_back(fmt::format("{} {}", name, value->text()));
  };
  const auto text = [&](const std::string& value, std::string_view name) {
    if (!value.empty()) rules.push_back(fmt::format("{} {}", name, value));
  };
  if (field.is_required) rules.emplace_back("required");
  if (field.is_unique) rules.emplace_back("unique");
  if (field.is_primary_key) rules.emplace_back("primaryKey");
  text(field.format, "format");
  number(field.minimum, "minimum");
  number(field.maximum, "maximum");
  number(field.exclusive_minimum, "exclusiveMinimum");
  number(field.exclusive_maximum, "exclusiveMaximum");
  number(field.multiple_of, "multipleOf");
  text(field.earliest, "minimum");
  text(field.latest, "maximum");
  text(field.exclusive_earliest, "exclusiveMinimum");
  text(field.exclusive_latest, "exclusiveMaximum");
  if (field.length_min) rules.push_back(fmt::format("minLength {}", *field.length_min));
  if (field.length_max) rules.push_back(fmt::format("maxLength {}", *field.length_max));
  text(field.pattern, "pattern");
  for (const QualityRule& rule : field.quality) rules.push_back(quality_text(rule));
  if (field.accepts_nan) rules.emplace_back("NaN allowed");
  if (field.accepts_infinity) rules.emplace_back("infinity allowed");
  return rules;
}

std::string_view environments_text(const Environments& environments) {
  if (environments.in_train && environments.in_serve) return "train, serve";
  return environments.in_train ? "train" : "serve";
}

void write_field(JsonWriter& json, const ContractField& field) {
  json.begin_object().key("name").value(field.name).key("type").value(to_string(field.type));
  json.key("tensor").value(field.tensor);
  if (field.column) json.key("column").value(*field.column);
  json.key("severity").value(to_string(field.severity)).key("environment").value(environments_text(field.environments));
  json.key("rules").begin_array();
  for (const std::string& rule : rules_of(field)) json.value(rule);
  json.end_array().end_object();
}

}  // namespace

std::string summary_json(const Contract& contract) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("id").value(contract.id).key("name").value(contract.name);
  json.key("version").value(contract.version).key("status").value(contract.status).key("schemas").begin_array();
  for (const ContractObject& object : contract.objects) {
    json.begin_object().key("name").value(object.name).key("fields").begin_array();
    for (const ContractField& field : object.fields) write_field(json, field);
    json.end_array().key("rules").begin_array();
    for (const QualityRule& rule : object.quality) json.value(quality_text(rule));
    json.end_array().end_object();
  }
  json.end_array().key("not_enforced").begin_array();
  for (const ContractNote& note : contract.not_enforced) {
    json.begin_object()
        .key("line")
        .value(note.line)
        .key("path")
        .value(note.path)
        .key("note")
        .value(note.text)
        .end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string summary_text(const Contract& contract) {
  std::string out = fmt::format("contract {} version {} ({})\n", contract.name.empty() ? contract.id : contract.name,
                                contract.version, contract.status);
  for (const ContractObject& object : contract.objects) {
    out += fmt::format("schema {}\n", object.name);
    for (const ContractField& field : object.fields) {
      out += fmt::format("  {}: {}", field.name, to_string(field.type));
      if (field.column) out += fmt::format(", column {} of {}", *field.column, field.tensor);
      if (!field.column && field.tensor != field.name) out += ", input " + field.tensor;
      for (const std::string& rule : rules_of(field)) out += ", " + rule;
      if (field.severity == Severity::kWarn) out += ", warn";
      if (field.environments != Environments{}) out += fmt::format(", {} only", environments_text(field.environments));
      out += '\n';
    }
    for (const QualityRule& rule : object.quality) out += "  " + quality_text(rule) + '\n';
  }
  for (const ContractNote& note : contract.not_enforced)
    out += fmt::format("not enforced, line {}: {}: {}\n", note.line, note.path, note.text);
  return out;
}

}  // namespace slipway

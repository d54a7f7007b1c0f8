#include "data/custom_properties.h"

#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "data/nearest.h"

namespace slipway {
namespace {

using yaml::Node;

struct Known {
  std::string_view name;
  bool in_contract, in_object, in_property, in_rule;

  bool stands_in(Place place) const noexcept {
    switch (place) {
      case Place::kContract:
        return in_contract;
      case Place::kObject:
        return in_object;
      case Place::kProperty:
        return in_property;
      case Place::kRule:
        return in_rule;
    }
    return false;
  }
};

constexpr Known kKnown[] = {
    {"modelSchema", true, false, false, false}, {"tensor", false, true, true, false},
    {"column", false, false, true, false},      {"nan", true, true, true, false},
    {"infinity", true, true, true, false},      {"severity", true, true, true, false},
    {"environment", false, false, true, true},
};

// One edit in a short name, two in a long one: "infinty", "Nan", "enviroment".
bool is_near_miss(std::string_view name, std::string_view known) {
  return edit_distance(name, known) <= (known.size() > 6 ? 2U : known.size() > 3 ? 1U : 0U);
}

class Reader {
 public:
  Reader(Place place, Problems& problems, CustomProperties& properties)
      : place_(place), problems_(problems), properties_(properties) {}

  void read(const Node& item, const std::string& path) {
    const Node* name = item.find("property");
    const Node* value = item.find("value");
    if (name == nullptr) return;
    const auto known =
        std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Known& each) { return each.name == name->text; });
    if (known == std::end(kKnown)) {
      refuse_near_miss(*name, path);
      return;
    }
    if (!known->stands_in(place_)) {
      problems_.add("contract.bad_value", name->position, path, quoted(name->text),
                    "this custom property has no meaning here");
      return;
    }
    static const Node kNothing;
    take(known->name, value != nullptr ? *value : kNothing, value != nullptr ? value->position : item.position, path);
  }

 private:
  void refuse_near_miss(const Node& name, const std::string& path) {
    for (const Known& each : kKnown) {
      if (!each.stands_in(place_) || !is_near_miss(name.text, each.name)) continue;
      problems_.add("contract.unknown_key", name.position, path, quoted(name.text),
                    "unknown custom property; did you mean " + quoted(each.name) + "?");
      return;
    }
  }

  void take(std::string_view name, const Node& value, yaml::Position position, const std::string& path) {
    if (name == "environment") {
      properties_.environments = environments(value);
      if (!properties_.environments)
        refuse(position, path, value, "environment must be train, serve, or a list of them");
    } else if (value.kind != Node::Kind::kScalar || value.text.empty()) {
      refuse(position, path, value, std::string(name) + " needs a value");
    } else if (name == "modelSchema") {
      properties_.model_schema = value.text;
    } else if (name == "tensor") {
      properties_.tensor = value.text;
      properties_.has_inherited_tensor = place_ == Place::kObject;
    } else if (name == "nan") {
      properties_.accepts_nan = policy(name, value, path);
    } else if (name == "infinity") {
      properties_.accepts_infinity = policy(name, value, path);
    } else if (name == "severity") {
      properties_.severity = parse_severity(value.text);
      if (!properties_.severity) refuse(position, path, value, "severity must be error or warn");
    } else {
      const std::optional<Number> number = Number::parse(value.text);
      const bool is_column = number && number->is_whole() && number->floor() >= 0 && number->floor() < (1 << 24);
      if (is_column) properties_.column = static_cast<std::size_t>(number->floor());
      if (!is_column) refuse(position, path, value, "column must be a whole number from 0");
    }
  }

  std::optional<bool> policy(std::string_view name, const Node& value, const std::string& path) {
    if (value.text == "allow") return true;
    if (value.text == "reject") return false;
    refuse(value.position, path, value, std::string(name) + " must be reject or allow");
    return std::nullopt;
  }

  static std::optional<Environments> environments(const Node& value) {
    Environments found{false, false};
    const auto add = [&](const Node& item) {
      if (item.kind == Node::Kind::kScalar && item.text == "train") return found.in_train = true;
      if (item.kind == Node::Kind::kScalar && item.text == "serve") return found.in_serve = true;
      return false;
    };
    if (value.kind == Node::Kind::kScalar) return add(value) ? std::optional(found) : std::nullopt;
    if (value.kind != Node::Kind::kList || value.items.empty()) return std::nullopt;
    for (const Node* item : value.items) {
      if (!add(*item)) return std::nullopt;
    }
    return found;
  }

  void refuse(yaml::Position position, const std::string& path, const Node& value, std::string rule) {
    problems_.add("contract.bad_value", position, path + ".value", quoted(value.text), std::move(rule));
  }

  Place place_;
  Problems& problems_;
  CustomProperties& properties_;
};

}  // namespace

CustomProperties read_custom_properties(const yaml::Node& map, Place place, const std::string& path, Problems& problems,
                                        const CustomProperties& inherited) {
  CustomProperties properties = inherited;
  if (place == Place::kProperty) properties.column.reset();
  const Node* list = map.find("customProperties");
  if (list == nullptr) return properties;
  Reader reader(place, problems, properties);
  std::vector<std::string_view> seen;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const std::string here = (path.empty() ? "" : path + ".") + "customProperties[" + std::to_string(i) + "]";
    const Node& item = *list->items[i];
    const Node* name = item.find("property");
    if (name != nullptr && std::find(seen.begin(), seen.end(), name->text) != seen.end()) {
      problems.add("contract.duplicate_key", name->position, here, quoted(name->text),
                   "this custom property stands twice");
      continue;
    }
    if (name != nullptr) seen.push_back(name->text);
    reader.read(item, here);
  }
  // A property that names its own input is no longer one of the schema's columns in order.
  if (place == Place::kProperty && properties.tensor != inherited.tensor) properties.has_inherited_tensor = false;
  return properties;
}

std::optional<Severity> parse_severity(std::string_view text) noexcept {
  if (text == "error") return Severity::kError;
  if (text == "warn" || text == "warning" || text == "info") return Severity::kWarn;
  return std::nullopt;
}

}  // namespace slipway

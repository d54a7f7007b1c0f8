#include "data/shape.h"

#include <algorithm>

#include "base/bytes.h"
#include "data/nearest.h"
#include "data/number.h"

namespace slipway {
namespace {

using yaml::Node;

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return quoted(node.text);
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
  }
  return "";
}

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

bool is_number(const Node& node) {
  return node.kind == Node::Kind::kScalar && !node.is_quoted && Number::parse(node.text).has_value();
}

bool is_whole_number(const Node& node) { return is_number(node) && Number::parse(node.text)->is_whole(); }

bool is_text_list(const Node& node) {
  return node.kind == Node::Kind::kList && std::all_of(node.items.begin(), node.items.end(), [](const Node* item) {
           return item->kind == Node::Kind::kScalar;
         });
}

bool is_ordered_pair(const Node& node) {
  if (node.kind != Node::Kind::kList || node.items.size() != 2) return false;
  if (!is_number(*node.items[0]) || !is_number(*node.items[1])) return false;
  return compare(*Number::parse(node.items[0]->text), *Number::parse(node.items[1]->text)) <= 0;
}

std::string_view expectation(ValueKind kind) {
  switch (kind) {
    case ValueKind::kText:
      return "text";
    case ValueKind::kNumber:
      return "a decimal number of at most 36 digits";
    case ValueKind::kCount:
      return "a whole number, 0 or more";
    case ValueKind::kInteger:
      return "a whole number";
    case ValueKind::kBoolean:
      return "true or false";
    case ValueKind::kTextList:
      return "a list of texts";
    case ValueKind::kNumberPair:
      return "a list of two numbers, the smaller first";
    case ValueKind::kAny:
      return "any value";
    case ValueKind::kMap:
      return "a map";
    case ValueKind::kMapList:
      return "a list of maps";
    case ValueKind::kMapOrList:
      return "a map or a list of maps";
  }
  return "";
}

bool has_kind(const Node& node, ValueKind kind) {
  switch (kind) {
    case ValueKind::kText:
      return node.kind == Node::Kind::kScalar;
    case ValueKind::kNumber:
      return is_number(node);
    case ValueKind::kCount:
      return is_whole_number(node) && Number::parse(node.text)->floor() >= 0;
    case ValueKind::kInteger:
      return is_whole_number(node);
    case ValueKind::kBoolean:
      return is_boolean(node);
    case ValueKind::kTextList:
      return is_text_list(node);
    case ValueKind::kNumberPair:
      return is_ordered_pair(node);
    case ValueKind::kAny:
      return true;
    case ValueKind::kMap:
      return node.kind == Node::Kind::kMap;
    case ValueKind::kMapList:
      return node.kind == Node::Kind::kList;
    case ValueKind::kMapOrList:
      return node.kind == Node::Kind::kMap || node.kind == Node::Kind::kList;
  }
  return false;
}

void unknown_key(const yaml::Entry& entry, const Shape& shape, const std::string& path, Problems& problems) {
  std::vector<std::string_view> names;
  for (const KeyRule& rule : shape.keys) names.push_back(rule.name);
  const std::string_view meant = nearest(entry.key, names);
  std::string rule = "unknown key";
  if (!meant.empty()) {
    rule += "; did you mean " + quoted(meant) + "?";
  } else {
    rule += "; known keys are ";
    for (std::size_t i = 0; i < names.size(); ++i) rule.append(i == 0 ? "" : ", ").append(names[i]);
  }
  problems.add(problems.reason("unknown_key"), entry.position, join(path, entry.key), quoted(entry.key),
               std::move(rule));
}

void check_list(const Node& list, const Shape& shape, const std::string& path, Problems& problems) {
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    check_shape(*list.items[i], shape, path + "[" + std::to_string(i) + "]", problems);
  }
}

void check_value(const Node& value, const KeyRule& rule, const std::string& path, Problems& problems) {
  // A key with nothing after it says nothing, unless it has to say something.
  if (value.kind == Node::Kind::kNull && !rule.is_required) return;
  if (!has_kind(value, rule.kind)) {
    problems.add(problems.reason("bad_value"), value.position, path, describe(value),
                 "must be " + std::string(expectation(rule.kind)));
    return;
  }
  if (rule.shape == nullptr) return;
  if (rule.kind == ValueKind::kMapOrList && value.kind == Node::Kind::kList) {
    check_list(value, rule.alternative != nullptr ? *rule.alternative : *rule.shape, path, problems);
  } else if (value.kind == Node::Kind::kList) {
    check_list(value, *rule.shape, path, problems);
  } else {
    check_shape(value, *rule.shape, path, problems);
  }
}

}  // namespace

void Problems::add(std::string_view reason, yaml::Position position, std::string path, std::string found,
                   std::string rule) {
  if (total_++ == 0) reason_ = std::string(reason);
  if (details_.size() >= kShownMax) return;
  details_.push_back({std::move(path), -1, std::move(found), yaml::to_string(position) + ": " + std::move(rule)});
}

Error Problems::to_error() const {
  const ErrorDetail& first = details_.front();
  std::string message =
      first.rule + " (" + (first.field.empty() ? "the " + subject_ : first.field) + ", found " + first.found + ")";
  if (total_ > 1) message += "; " + std::to_string(total_ - 1) + " more in the details";
  return {Code::kInvalidArgument, reason_, std::move(message), details_};
}

void check_shape(const yaml::Node& node, const Shape& shape, const std::string& path, Problems& problems) {
  if (node.kind != Node::Kind::kMap) {
    problems.add(problems.reason("bad_value"), node.position, path, describe(node), "must be a map");
    return;
  }
  for (const yaml::Entry& entry : node.entries) {
    const auto rule = std::find_if(shape.keys.begin(), shape.keys.end(),
                                   [&](const KeyRule& candidate) { return candidate.name == entry.key; });
    if (rule != shape.keys.end()) {
      check_value(*entry.value, *rule, join(path, entry.key), problems);
    } else if (!shape.is_open) {
      unknown_key(entry, shape, path, problems);
    }
  }
  for (const KeyRule& rule : shape.keys) {
    if (!rule.is_required || node.find(rule.name) != nullptr) continue;
    problems.add(problems.reason("missing_key"), node.position, join(path, rule.name), "nothing",
                 "the key " + quoted(rule.name) + " is required here");
  }
}

bool is_boolean(const yaml::Node& node) noexcept {
  return node.kind == Node::Kind::kScalar && !node.is_quoted && (node.text == "true" || node.text == "false");
}

}  // namespace slipway

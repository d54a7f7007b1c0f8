// What a YAML map may hold: the keys, the kind of each value, which must be there. Shapes are tables; this checks a
// tree against one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/yaml_tree.h"

namespace slipway {

struct Shape;

enum class ValueKind : std::uint8_t {
  kText,        // any scalar
  kNumber,      // decimal
  kCount,       // whole number, 0 or more
  kInteger,     // whole number
  kBoolean,     // true or false
  kTextList,    // list of scalars
  kNumberPair,  // [low, high], low first
  kAny,         // kept as it is
  kMap,         // of a shape
  kMapList,     // list of maps of a shape
  kMapOrList,   // a map of a shape, or a list of maps of its `alternative` shape
};

struct KeyRule {
  std::string_view name;
  ValueKind kind = ValueKind::kText;
  const Shape* shape = nullptr;
  bool is_required = false;
  const Shape* alternative = nullptr;
};

struct Shape {
  std::span<const KeyRule> keys;
  bool is_open = false;  // other keys are accepted
};

// Collects what is wrong, so that one run names every mistake (up to a limit).
class Problems {
 public:
  // `subject`: what the text is, as in yaml::Limits.
  explicit Problems(std::string_view subject = "contract") : subject_(subject) {}

  std::string reason(std::string_view what) const { return subject_ + "." + std::string(what); }
  void add(std::string_view reason, yaml::Position position, std::string path, std::string found, std::string rule);
  bool is_empty() const noexcept { return details_.empty(); }
  // invalid_argument with one detail a problem; reason and message are those of the first.
  Error to_error() const;

 private:
  static constexpr std::size_t kShownMax = 20;
  std::string subject_;
  std::string reason_;
  std::vector<ErrorDetail> details_;
  std::size_t total_ = 0;
};

// `path` names the map in messages: "schema[0].properties[2]"; empty for the document.
void check_shape(const yaml::Node& node, const Shape& shape, const std::string& path, Problems& problems);

// true, false; nullopt for anything else, "yes" and quoted text included.
bool is_boolean(const yaml::Node& node) noexcept;

}  // namespace slipway

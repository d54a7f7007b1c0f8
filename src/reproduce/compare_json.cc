#include <fmt/format.h>
#include <map>
#include <simdjson.h>

#include "base/bytes.h"
#include "reproduce/compare.h"

namespace slipway::reproduce {
namespace {

using Element = simdjson::dom::element;
constexpr std::size_t kDepthMax = 200;

// RFC 6901 section 3.
std::string pointer_segment(std::string_view name) {
  std::string segment;
  for (const char c : name) {
    if (c == '~') {
      segment += "~0";
    } else if (c == '/') {
      segment += "~1";
    } else {
      segment += c;
    }
  }
  return segment;
}

std::string shown(const Element& element) { return slipway::quoted(simdjson::minify(element), 80); }

class Walk {
 public:
  Walk(const std::string& path, const Tolerance& tolerance, FormResult& result)
      : place_(path + '#'), pointer_at_(path.size() + 1), tolerance_(tolerance), result_(result) {}

  void compare(const Element& recorded, const Element& reproduced, std::size_t depth = 0) {
    if (!result_.differs.empty()) return;
    if (depth > kDepthMax) return differ("it is nested too deep");
    const Bounds& bounds = tolerance_.at(place_);
    if (bounds.is_ignored) return;
    if (recorded.is_number() && reproduced.is_number()) return compare_numbers(recorded, reproduced, bounds);
    if (recorded.is_object() && reproduced.is_object()) return compare_objects(recorded, reproduced, depth);
    if (recorded.is_array() && reproduced.is_array()) return compare_arrays(recorded, reproduced, depth);
    if (simdjson::minify(recorded) != simdjson::minify(reproduced))
      differ(fmt::format("{} became {}", shown(recorded), shown(reproduced)));
  }

 private:
  void compare_numbers(const Element& recorded, const Element& reproduced, const Bounds& bounds) {
    result_.numbers.look(number_of(recorded), number_of(reproduced), bounds, [this] { return pointer(); });
  }

  void compare_arrays(const Element& recorded, const Element& reproduced, std::size_t depth) {
    const simdjson::dom::array first(recorded);
    const simdjson::dom::array second(reproduced);
    std::size_t index = 0;
    auto left = first.begin();
    auto right = second.begin();
    for (; left != first.end() && right != second.end(); ++left, ++right, ++index)
      step(std::to_string(index), *left, *right, depth);
    if (left != first.end() || right != second.end())
      differ(left != first.end() ? fmt::format("only {} elements are left", index)
                                 : fmt::format("more than {} elements", index));
  }

  void compare_objects(const Element& recorded, const Element& reproduced, std::size_t depth) {
    std::map<std::string_view, Element> second;
    for (const auto [key, value] : simdjson::dom::object(reproduced)) second.emplace(key, value);
    for (const auto [key, value] : simdjson::dom::object(recorded)) {
      const auto found = second.find(key);
      if (found == second.end()) {
        differ_below(key, "it is missing");
        continue;
      }
      step(key, value, found->second, depth);
      second.erase(found);
    }
    for (const auto& [key, value] : second) differ_below(key, "it was not there");
  }

  void step(std::string_view name, const Element& recorded, const Element& reproduced, std::size_t depth) {
    const std::size_t size = place_.size();
    place_ += '/' + pointer_segment(name);
    compare(recorded, reproduced, depth + 1);
    place_.resize(size);
  }

  void differ_below(std::string_view name, const std::string& what) {
    const std::size_t size = place_.size();
    place_ += '/' + pointer_segment(name);
    if (!tolerance_.at(place_).is_ignored) differ(what);
    place_.resize(size);
  }

  void differ(const std::string& what) {
    if (result_.differs.empty()) result_.differs = fmt::format("{}: {}", pointer(), what);
  }

  std::string pointer() const { return place_.size() == pointer_at_ ? "document" : place_.substr(pointer_at_); }

  static double number_of(const Element& element) {
    double number = 0;
    return element.get(number) == simdjson::SUCCESS ? number : 0;  // integers convert
  }

  std::string place_;
  std::size_t pointer_at_;
  const Tolerance& tolerance_;
  FormResult& result_;
};

}  // namespace

FormResult compare_json(const std::string& path, std::string_view recorded, std::string_view reproduced,
                        const Tolerance& tolerance) {
  FormResult result;
  simdjson::dom::parser first;
  simdjson::dom::parser second;
  Element left;
  Element right;
  const simdjson::padded_string left_text(recorded);
  const simdjson::padded_string right_text(reproduced);
  if (first.parse(left_text).get(left) != simdjson::SUCCESS) {
    result.differs = "the recorded file is not JSON";
  } else if (second.parse(right_text).get(right) != simdjson::SUCCESS) {
    result.differs = "it is not JSON any more";
  } else {
    Walk(path, tolerance, result).compare(left, right);
  }
  return result;
}

}  // namespace slipway::reproduce

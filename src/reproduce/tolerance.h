// How far a number of a reproduced output may stand from the recorded one. Pure.
//
// A number is within its bounds when |reproduced - recorded| <= absolute + relative * |recorded| (numpy.isclose). NaN
// equals NaN, an infinity only itself.
//
// A place is "FILE" or "FILE#/MEMBER/…" (JSON Pointer, RFC 6901; in a table "/COLUMN"). The bounds of the longest place
// that holds a number count, the standard bounds where there is none.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {
class JsonValue;
class JsonWriter;
}  // namespace slipway

namespace slipway::reproduce {

struct Bounds {
  double relative = 0;
  double absolute = 0;
  bool is_ignored = false;  // whatever stands there is accepted: a time, a duration

  bool holds(double recorded, double reproduced) const noexcept;
  bool operator==(const Bounds&) const = default;
};

struct Tolerance {
  Bounds standard;
  std::map<std::string, Bounds> places;

  const Bounds& at(std::string_view place) const;
  bool operator==(const Tolerance&) const = default;
};

constexpr double kToleranceMax = 1e15;
constexpr std::size_t kTolerancePlacesMax = 10'000;

// {"absolute":1e-9,"relative":1e-6,"places":{"metrics.json#/seconds":{"ignored":true}}}; every member may be absent.
// invalid_argument with the document's reason.
Result<Tolerance> read_tolerance(const JsonValue& value);
// A document of its own. invalid_argument "reproduce.tolerance".
Result<Tolerance> parse_tolerance(std::string_view json);
// Keys sorted; members that say nothing are left out.
void write_tolerance(JsonWriter& json, const Tolerance& tolerance);

}  // namespace slipway::reproduce

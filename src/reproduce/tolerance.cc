#include "reproduce/tolerance.h"

#include <cmath>

#include "base/json_writer.h"
#include "registry/strict_json.h"

namespace slipway::reproduce {
namespace {

constexpr std::size_t kToleranceBytesMax = 1u << 20;

Result<double> read_bound(JsonMembers& members, std::string_view key) {
  const auto value = members.take(key);
  if (!value) return 0.0;
  SLIPWAY_TRY(const double bound, value->number());
  if (!(bound >= 0 && bound <= kToleranceMax)) return value->refuse("a number of 0 to 1e15 is expected");
  return bound + 0.0;  // -0 is 0
}

Result<bool> read_flag(JsonMembers& members, std::string_view key) {
  const auto value = members.take(key);
  if (!value) return false;
  bool flag = false;
  if (value->element().get(flag) != simdjson::SUCCESS) return value->refuse("true or false is expected");
  return flag;
}

Result<Bounds> read_bounds(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  Bounds bounds;
  SLIPWAY_TRY(bounds.absolute, read_bound(members, "absolute"));
  SLIPWAY_TRY(bounds.is_ignored, read_flag(members, "ignored"));
  SLIPWAY_TRY(bounds.relative, read_bound(members, "relative"));
  SLIPWAY_CHECK(members.finish());
  return bounds;
}

void write_bounds(JsonWriter& json, const Bounds& bounds) {
  if (bounds.absolute != 0) json.key("absolute").value(bounds.absolute);
  if (bounds.is_ignored) json.key("ignored").value(true);
}

}  // namespace

bool Bounds::holds(double recorded, double reproduced) const noexcept {
  if (is_ignored || recorded == reproduced) return true;
  if (std::isnan(recorded) || std::isnan(reproduced)) return std::isnan(recorded) && std::isnan(reproduced);
  if (std::isinf(recorded) || std::isinf(reproduced)) return false;
  return std::abs(reproduced - recorded) <= absolute + relative * std::abs(recorded);
}

const Bounds& Tolerance::at(std::string_view place) const {
  if (places.empty()) return standard;
  for (;;) {
    if (const auto found = places.find(std::string(place)); found != places.end()) return found->second;
    const std::size_t file_end = place.find('#');
    if (file_end == std::string_view::npos) return standard;
    const std::size_t slash = place.rfind('/');
    place = place.substr(0, slash == std::string_view::npos || slash <= file_end + 1 ? file_end : slash);
  }
}

Result<Tolerance> read_tolerance(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  Tolerance tolerance;
  SLIPWAY_TRY(tolerance.standard.absolute, read_bound(members, "absolute"));
  if (const auto places = members.take("places")) {
    SLIPWAY_TRY(JsonMembers entries, places->object());
    if (entries.size() > kTolerancePlacesMax) return places->refuse("more than 10000 places");
    for (const auto& [place, entry] : entries.take_all()) {
      SLIPWAY_TRY(tolerance.places[std::string(place)], read_bounds(entry));
    }
  }
  SLIPWAY_TRY(tolerance.standard.relative, read_bound(members, "relative"));
  SLIPWAY_CHECK(members.finish());
  return tolerance;
}

Result<Tolerance> parse_tolerance(std::string_view json) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(json, kToleranceBytesMax, "reproduce.tolerance"));
  return read_tolerance(document.root());
}

void write_tolerance(JsonWriter& json, const Tolerance& tolerance) {
  json.begin_object();
  write_bounds(json, tolerance.standard);
  if (!tolerance.places.empty()) {
    json.key("places").begin_object();
    for (const auto& [place, bounds] : tolerance.places) {
      json.key(place).begin_object();
      write_bounds(json, bounds);
      if (bounds.relative != 0) json.key("relative").value(bounds.relative);
      json.end_object();
    }
    json.end_object();
  }
  if (tolerance.standard.relative != 0) json.key("relative").value(tolerance.standard.relative);
  json.end_object();
}

}  // namespace slipway::reproduce

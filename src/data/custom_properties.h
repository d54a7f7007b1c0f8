// The custom properties that Slipway reads from a contract. Others belong to other tools and are left alone.
#pragma once

#include <optional>
#include <string>

#include "data/contract.h"
#include "data/shape.h"
#include "data/yaml_tree.h"

namespace slipway {

enum class Place : std::uint8_t { kContract, kObject, kProperty, kRule };

struct CustomProperties {
  std::string model_schema;
  std::string tensor;
  bool has_inherited_tensor = false;  // the schema names the input, its properties are the columns in order
  std::optional<std::size_t> column;
  std::optional<bool> accepts_nan;
  std::optional<bool> accepts_infinity;
  std::optional<Severity> severity;
  std::optional<Environments> environments;
};

// Reads `customProperties` of a map. What stands nearer wins over `inherited`. A name that misses one of ours by a
// letter is refused, since a policy that is silently not applied is worse than none.
CustomProperties read_custom_properties(const yaml::Node& map, Place place, const std::string& path, Problems& problems,
                                        const CustomProperties& inherited = {});

// "error"; "warn", "warning", "info".
std::optional<Severity> parse_severity(std::string_view text) noexcept;

}  // namespace slipway

// Reads `quality`: library rules become QualityRules, the others (text, sql, custom) are noted as not enforced.
#pragma once

#include <string>
#include <vector>

#include "data/contract.h"
#include "data/custom_properties.h"
#include "data/shape.h"
#include "data/yaml_tree.h"

namespace slipway {

struct QualityDefaults {
  Severity severity = Severity::kError;
  Environments environments;
};

QualityDefaults quality_defaults(const CustomProperties& custom) noexcept;

// `of_object`: the list belongs to a schema (rowCount, duplicateValues over several properties), not to a property.
void read_quality(const yaml::Node& map, const std::string& path, bool of_object, const QualityDefaults& defaults,
                  Problems& problems, std::vector<ContractNote>& notes, std::vector<QualityRule>& rules);

// Adds a problem if RE2 cannot compile the pattern.
void check_pattern(const std::string& pattern, const yaml::Node* node, const std::string& path, Problems& problems);

}  // namespace slipway

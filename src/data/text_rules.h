// The rules on BYTES: length, pattern, listed values, dates and times.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "data/compiled_rule.h"
#include "data/contract.h"

namespace slipway {

// Unicode code points, each end included.
std::unique_ptr<CompiledRule> make_length_rule(std::optional<std::uint64_t> least,
                                               std::optional<std::uint64_t> greatest);

// RE2: linear time whatever the value. The pattern may match anywhere, as in JSON Schema; ^ and $ anchor it.
Result<std::unique_ptr<CompiledRule>> make_pattern_rule(const std::string& pattern);

std::unique_ptr<CompiledRule> make_listed_text_rule(std::span<const ListedValue> values, bool forbidden,
                                                    std::string rule);

// Well-formed dates, timestamps or times within the field's bounds. Fails if a bound is malformed or the format is
// another than ISO 8601.
Result<std::unique_ptr<CompiledRule>> make_temporal_rule(const ContractField& field);

}  // namespace slipway

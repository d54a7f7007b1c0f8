// The Open Data Contract Standard 3.1 as tables of keys (its published schema, odcs-json-schema-v3.1.0.json).
#pragma once

#include "data/contract.h"
#include "data/shape.h"

namespace slipway::odcs {

extern const Shape kContract;

// The keys that logicalTypeOptions may hold for a logical type.
const Shape& type_options(LogicalType type) noexcept;

}  // namespace slipway::odcs

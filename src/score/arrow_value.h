// Values of Arrow arrays. Internal to score/; included by .cc files only: it brings Arrow.
#pragma once

#include <arrow/array.h>
#include <optional>

#include "score/chunk.h"

namespace slipway::score {

// What the values of a column of this type are; nothing for structs, maps and unions, which no tensor can hold.
std::optional<Value::Kind> kind_of(const arrow::DataType& type);

// Texts point into the array where it has them, else into `chunk`. Precondition: kind_of(type) is known.
Value value_at(const arrow::Array& array, std::int64_t index, Chunk& chunk);

}  // namespace slipway::score

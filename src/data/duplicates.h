// Rows whose values repeat those of an earlier row.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "data/column.h"

namespace slipway {

// Ascending. Two rows are equal if they are in every column; a null or a NaN equals nothing, and 0 equals -0. O(n log
// n). Precondition: one value a row. Rows that not all columns have are not compared.
std::vector<std::size_t> find_repeated_rows(std::span<const ColumnView> columns);

}  // namespace slipway

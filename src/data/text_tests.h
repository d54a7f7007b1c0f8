// The rules on BYTES: length, pattern, listed values, dates and times.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "data/contract.h"
#include "data/row_test.h"

namespace slipway {

// Unicode code points, each end included.
std::unique_ptr<RowTest> make_length_test(std::optional<std::uint64_t> least, std::optional<std::uint64_t> greatest);

// RE2: linear time whatever the value. The pattern may match anywhere, as in JSON Schema; ^ and $ anchor it.
Result<std::unique_ptr<RowTest>> make_pattern_test(const std::string& pattern);

std::unique_ptr<RowTest> make_listed_text_test(std::span<const ListedValue> values, bool forbidden, std::string rule);

// Well-formed dates, timestamps or times within the field's bounds. Fails if a bound is malformed or the format is
// another than ISO 8601.
Result<std::unique_ptr<RowTest>> make_temporal_test(const ContractField& field);

}  // namespace slipway

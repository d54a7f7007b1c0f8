// The rules on numbers that are not ranges, and the rules on nulls.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "data/compiled_rule.h"
#include "data/contract.h"

namespace slipway {

// Floating point that has to hold a whole number. NaN and infinities pass: their own policy decides.
std::unique_ptr<CompiledRule> make_integral_rule(DataType type);

// A number that has to be 0 or 1.
std::unique_ptr<CompiledRule> make_boolean_rule(DataType type);

// Integers exactly; floating point: the value is the one of its type nearest to a multiple. Fails if the divisor has
// more than 18 decimals on an integer column.
Result<std::unique_ptr<CompiledRule>> make_multiple_rule(DataType type, const Number& divisor);

// `forbidden`: the listed values are the bad ones. Fails if a value cannot be of the column's type.
Result<std::unique_ptr<CompiledRule>> make_listed_rule(DataType type, std::span<const ListedValue> values,
                                                       bool forbidden, std::string rule);

// `with_nan`: NaN counts as null.
std::unique_ptr<CompiledRule> make_null_rule(bool with_nan, std::string rule);

// Fails where either of the two does.
std::unique_ptr<CompiledRule> make_either_rule(std::unique_ptr<CompiledRule> first,
                                               std::unique_ptr<CompiledRule> second);

}  // namespace slipway

// Ranges, and the policy on NaN and infinities: for every number type one closed interval, whatever rules made it.
//
// Exclusive bounds become the next value inside, a refused infinity the largest finite value, and a refused NaN fails
// every comparison, so one pass of two comparisons a value answers for all of them. Which rule was broken is asked only
// after a failure.
#pragma once

#include <memory>
#include <span>

#include "data/compiled_rule.h"
#include "data/contract.h"

namespace slipway {

// Every type but BYTES. Bounds are taken in the type of the column: exact for integers, the nearest value for floating
// point.
std::unique_ptr<CompiledRule> make_interval_rule(DataType type, const ContractField& field);

// The ranges of all columns of a dense row-major tensor in one pass over its memory.
class DenseRules {
 public:
  virtual ~DenseRules() = default;
  // `count` values, whole rows, at any alignment.
  virtual bool passes(const std::byte* data, std::size_t count) const noexcept = 0;
};

// `columns`: made by make_interval_rule for `type`, one a column in order; one alone covers every value.
std::unique_ptr<DenseRules> make_dense_rules(DataType type, std::span<const CompiledRule* const> columns);

}  // namespace slipway

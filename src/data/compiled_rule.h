// One rule on the values of one column, specialised for their type: one virtual call a column, a plain loop inside.
#pragma once

#include <string_view>

#include "data/column.h"
#include "data/values.h"

namespace slipway {

struct Explanation {
  std::string_view rule;    // "minimum 0"; lives as long as the check
  std::string_view reason;  // "contract.out_of_range"
};

// Immutable; called from many threads at once. Nulls fail only rules about nulls.
class CompiledRule {
 public:
  virtual ~CompiledRule() = default;
  virtual std::size_t count_failures(const ColumnView& column) const noexcept = 0;
  virtual bool fails(const ColumnView& column, std::size_t index) const noexcept = 0;
  // Precondition: fails(column, index).
  virtual Explanation explain(const ColumnView& column, std::size_t index) const noexcept = 0;
};

// `Predicate`: bool fails(Value) const noexcept, Explanation explain(Value) const noexcept.
template <DataType kType, typename Predicate>
class ValueRule final : public CompiledRule {
 public:
  explicit ValueRule(Predicate predicate) : predicate_(std::move(predicate)) {}

  std::size_t count_failures(const ColumnView& column) const noexcept override {
    const std::byte* at = column.base;
    std::size_t failures = 0;
    if (column.validity != nullptr) {
      for (std::size_t i = 0; i < column.count; ++i) failures += fails(column, i) ? 1 : 0;
      return failures;
    }
    for (std::size_t i = 0; i < column.count; ++i, at += column.stride_bytes) {
      failures += predicate_.fails(Values<kType>::load(at)) ? 1 : 0;
    }
    return failures;
  }
  bool fails(const ColumnView& column, std::size_t index) const noexcept override {
    return column.is_valid(index) && predicate_.fails(Values<kType>::load(column.at(index)));
  }
  Explanation explain(const ColumnView& column, std::size_t index) const noexcept override {
    return predicate_.explain(Values<kType>::load(column.at(index)));
  }

  const Predicate& predicate() const noexcept { return predicate_; }

 private:
  Predicate predicate_;
};

// The same for BYTES; the predicate takes a std::string_view.
template <typename Predicate>
class TextRule final : public CompiledRule {
 public:
  explicit TextRule(Predicate predicate) : predicate_(std::move(predicate)) {}

  std::size_t count_failures(const ColumnView& column) const noexcept override {
    std::size_t failures = 0;
    for (std::size_t i = 0; i < column.count; ++i) failures += fails(column, i) ? 1 : 0;
    return failures;
  }
  bool fails(const ColumnView& column, std::size_t index) const noexcept override {
    return column.is_valid(index) && predicate_.fails(column.string_at(index));
  }
  Explanation explain(const ColumnView& column, std::size_t index) const noexcept override {
    return predicate_.explain(column.string_at(index));
  }

 private:
  Predicate predicate_;
};

}  // namespace slipway

// A limit on a count over a batch: "nullValues mustBeLessThan 1 percent".
#pragma once

#include <cstddef>
#include <string>

#include "data/contract.h"

namespace slipway {

class CountLimit {
 public:
  explicit CountLimit(const QualityRule& rule);

  bool accepts(std::size_t count, std::size_t rows) const noexcept;
  const std::string& rule() const noexcept { return rule_; }
  std::string found(std::size_t count, std::size_t rows) const;  // "3 of 120 rows (2.5 percent)"

 private:
  Comparison comparison_;
  Unit unit_;
  double low_;
  double high_;
  std::string rule_;
};

}  // namespace slipway

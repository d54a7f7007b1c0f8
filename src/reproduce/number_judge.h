// Looks at pairs of numbers of two outputs, and keeps the pair that stands farthest out of, or within, its bounds.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reproduce/tolerance.h"

namespace slipway::reproduce {

struct Deviation {
  std::string where;  // "/loss/3", "row 7, column score", "[2, 0]"
  double recorded = 0;
  double reproduced = 0;
  double absolute = 0;  // |reproduced - recorded|
  double relative = 0;  // of |recorded|; infinite when that is 0
};

class NumberJudge {
 public:
  // `where` is called only for a pair worth keeping.
  template <typename Where>
  void look(double recorded, double reproduced, const Bounds& bounds, const Where& where) {
    ++numbers_;
    if (recorded == reproduced || bounds.is_ignored) return;
    const double share = share_of(recorded, reproduced, bounds);
    if (share == 0) return;  // both are NaN
    is_within_ = is_within_ && bounds.holds(recorded, reproduced);
    if (largest_ && share <= share_) return;
    share_ = share;
    largest_ = deviation(recorded, reproduced, where());
  }

  bool is_within() const noexcept { return is_within_; }
  std::uint64_t numbers() const noexcept { return numbers_; }
  const std::optional<Deviation>& largest() const noexcept { return largest_; }

 private:
  // The deviation as a multiple of what is allowed; infinite where nothing is.
  static double share_of(double recorded, double reproduced, const Bounds& bounds) noexcept;
  static Deviation deviation(double recorded, double reproduced, std::string where);

  std::uint64_t numbers_ = 0;
  bool is_within_ = true;
  double share_ = 0;
  std::optional<Deviation> largest_;
};

}  // namespace slipway::reproduce

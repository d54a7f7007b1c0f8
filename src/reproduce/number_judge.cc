#include "reproduce/number_judge.h"

#include <cmath>
#include <limits>

namespace slipway::reproduce {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double relative_of(double absolute, double recorded) {
  if (recorded == 0 || std::isnan(absolute)) return kInfinity;
  return absolute / std::abs(recorded);
}

}  // namespace

double NumberJudge::share_of(double recorded, double reproduced, const Bounds& bounds) noexcept {
  if (std::isnan(recorded) && std::isnan(reproduced)) return 0;
  const double absolute = std::abs(reproduced - recorded);
  if (!std::isfinite(absolute)) return kInfinity;
  const double allowed = bounds.absolute + bounds.relative * std::abs(recorded);
  // Without any tolerance the larger relative deviation says more; finite, so that one against NaN still stands out.
  if (allowed == 0) return std::min(1e300 * relative_of(absolute, recorded), std::numeric_limits<double>::max());
  return absolute / allowed;
}

Deviation NumberJudge::deviation(double recorded, double reproduced, std::string where) {
  const double absolute = std::abs(reproduced - recorded);
  return {std::move(where), recorded, reproduced, absolute, relative_of(absolute, recorded)};
}

}  // namespace slipway::reproduce

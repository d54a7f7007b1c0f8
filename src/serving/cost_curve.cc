#include "serving/cost_curve.h"

#include <algorithm>

namespace slipway {

CostCurve::CostCurve(std::vector<Point> points) : points_(std::move(points)) {
  // More rows take no less time; where a measurement says so, the machine was busy during the one before.
  for (std::size_t i = points_.size(); i > 1; --i) {
    points_[i - 2].run_us = std::min(points_[i - 2].run_us, points_[i - 1].run_us);
  }
}

double CostCurve::run_us(std::uint32_t rows) const noexcept {
  if (points_.empty()) return 0;
  if (rows <= 1) return points_.front().run_us;
  if (points_.size() == 1) return points_.front().run_us * rows;
  auto above = std::ranges::find_if(points_, [&](const Point& point) { return point.rows >= rows; });
  if (above == points_.end()) --above;
  const Point& high = *above;
  const Point& low = *(above - 1);
  return low.run_us + (high.run_us - low.run_us) / (high.rows - low.rows) * (static_cast<double>(rows) - low.rows);
}

std::uint32_t CostCurve::rows_within(double limit_us, std::uint32_t rows_max) const noexcept {
  if (points_.empty()) return 0;
  std::uint32_t fits = 0;
  std::uint32_t exceeds = rows_max + 1;
  while (exceeds - fits > 1) {
    const std::uint32_t middle = fits + (exceeds - fits) / 2;
    (run_us(middle) <= limit_us ? fits : exceeds) = middle;
  }
  return fits;
}

double CostCurve::saved_us(std::uint32_t rows) const noexcept {
  if (rows < 2 || points_.empty()) return 0;
  return run_us(1) - (run_us(rows) - run_us(1)) / (rows - 1);
}

}  // namespace slipway

// What a run costs by the number of its rows, as measured at load; and what follows for batching. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace slipway {

class CostCurve {
 public:
  struct Point {
    std::uint32_t rows = 0;
    double run_us = 0;
  };

  // Nothing is known; batching never pays.
  CostCurve() = default;
  // Precondition: ascending in rows, the first point has one row.
  explicit CostCurve(std::vector<Point> points);

  // Linear between the points, and beyond the last as between the last two. 0 when nothing is known. O(points).
  double run_us(std::uint32_t rows) const noexcept;
  // The most rows, up to `rows_max`, whose run takes no longer than `limit_us`; 0 when not even one does.
  std::uint32_t rows_within(double limit_us, std::uint32_t rows_max) const noexcept;
  // What a row saves by joining a run of `rows` instead of having one of its own, in µs; negative where it costs.
  double saved_us(std::uint32_t rows) const noexcept;
  const std::vector<Point>& points() const noexcept { return points_; }

 private:
  std::vector<Point> points_;
};

}  // namespace slipway

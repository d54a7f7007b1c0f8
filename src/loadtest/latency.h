// Latencies of one measurement, in the buckets that the server's own metrics have.
//
// A quantile is interpolated within its bucket, which is at most 12.5 % wide; the largest value is exact.
// Not thread-safe: each thread has its own, merged at the end.
#pragma once

#include <cstdint>
#include <vector>

namespace slipway::loadtest {

class LatencyHistogram {
 public:
  LatencyHistogram();
  void add(std::uint64_t nanoseconds) noexcept;
  void merge(const LatencyHistogram& other) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t max_ns() const noexcept { return max_ns_; }
  double mean_ns() const noexcept;  // 0 when empty
  // The value that `q` (0 to 1) of all values do not exceed, by nearest rank; 0 when empty.
  double quantile_ns(double q) const noexcept;

 private:
  std::vector<std::uint64_t> counts_;  // by cell
  std::uint64_t count_ = 0;
  std::uint64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace slipway::loadtest

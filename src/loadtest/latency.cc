#include "loadtest/latency.h"

#include <algorithm>
#include <cmath>

#include "base/bucket_layout.h"

namespace slipway::loadtest {
namespace {

const metrics::BucketLayout& layout() {
  static const metrics::BucketLayout kLayout({}, 1e-9);
  return kLayout;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : counts_(layout().buckets()) {}

void LatencyHistogram::add(std::uint64_t nanoseconds) noexcept {
  ++counts_[layout().cell_of(nanoseconds)];
  ++count_;
  max_ns_ = std::max(max_ns_, nanoseconds);
  sum_ns_ += static_cast<double>(nanoseconds);
}

void LatencyHistogram::merge(const LatencyHistogram& other) noexcept {
  for (std::size_t cell = 0; cell < counts_.size(); ++cell) counts_[cell] += other.counts_[cell];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
  sum_ns_ += other.sum_ns_;
}

double LatencyHistogram::mean_ns() const noexcept { return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_); }

double LatencyHistogram::quantile_ns(double q) const noexcept {
  if (count_ == 0) return 0;
  const double rank = std::max(1.0, std::ceil(q * static_cast<double>(count_)));
  double below = 0;
  for (std::size_t cell = 0; cell < counts_.size(); ++cell) {
    const auto here = static_cast<double>(counts_[cell]);
    if (below + here < rank) {
      below += here;
      continue;
    }
    const double low = cell == 0 ? 0 : static_cast<double>(layout().largest[cell - 1]) + 1;
    const double high = static_cast<double>(std::min(layout().largest[cell], max_ns_));
    return low + (high - low) * (rank - below) / here;
  }
  return static_cast<double>(max_ns_);
}

}  // namespace slipway::loadtest

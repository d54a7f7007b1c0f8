#include "loadtest/arrivals.h"

#include <cmath>

namespace slipway::loadtest {

ArrivalSchedule::ArrivalSchedule(Arrivals arrivals, double per_second, std::uint64_t seed)
    : arrivals_(arrivals), gap_ns_(1e9 / per_second), random_(seed) {}

void ArrivalSchedule::advance() noexcept {
  if (arrivals_ == Arrivals::kConstant) {
    due_ns_ += gap_ns_;
    return;
  }
  const double uniform = static_cast<double>((random_.next() >> 11) + 1) * 0x1p-53;  // (0, 1]
  due_ns_ -= gap_ns_ * std::log(uniform);
}

}  // namespace slipway::loadtest

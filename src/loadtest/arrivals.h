// When the requests of an open loop are due, whatever the server does.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace slipway::loadtest {

enum class Arrivals : std::uint8_t { kConstant, kPoisson };

// Due times in nanoseconds from the start, in order. Poisson: exponential gaps with mean 1 / rate.
// Precondition: per_second > 0.
class ArrivalSchedule {
 public:
  ArrivalSchedule(Arrivals arrivals, double per_second, std::uint64_t seed);
  std::uint64_t due_ns() const noexcept { return static_cast<std::uint64_t>(due_ns_); }
  void advance() noexcept;

 private:
  Arrivals arrivals_;
  double gap_ns_;
  SeededRandom random_;
  double due_ns_ = 0;
};

}  // namespace slipway::loadtest

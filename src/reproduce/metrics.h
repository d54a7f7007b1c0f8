// The numbers of a metrics file. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::reproduce {

constexpr std::size_t kMetricsMax = 1'000;

// {"loss":0.25,"test":{"accuracy":0.9}} -> loss, test.accuracy; what is no number is left out.
// invalid_argument "reproduce.metrics" when it is no JSON object, or has more numbers than kMetricsMax.
Result<std::map<std::string, double>> read_metrics(std::string_view json);

}  // namespace slipway::reproduce

// Tags of a run's data set, as one text: a JSON array of {"key", "value"}.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracking/tracking.h"

namespace slipway {

std::string write_input_tags(std::span<const KeyValue> tags);
// data_loss "tracking.altered".
Result<std::vector<KeyValue>> read_input_tags(std::string_view json);

}  // namespace slipway

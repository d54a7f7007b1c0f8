// The bodies of the statistics and model configuration extensions.
#pragma once

#include <span>
#include <string>

#include "serving/model_config.h"
#include "serving/statistics.h"

namespace slipway {

std::string statistics_body(std::span<const VersionStatistics> versions);
std::string model_config_body(const ModelConfig& config);

}  // namespace slipway

// The bodies of the Open Inference Protocol's metadata and health calls.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "runtime/loaded_model.h"

namespace slipway {

std::string live_body();                // {"live":true}
std::string ready_body(bool is_ready);  // {"ready":true}; the KServe client reads it
std::string server_metadata_body();
std::string model_list_body(std::span<const std::string_view> names);  // {"models":["iris"]}
std::string model_ready_body(std::string_view model, bool is_ready);
std::string model_metadata_body(std::string_view model, std::span<const std::string_view> versions,
                                std::string_view platform, const ModelSignature& signature);

}  // namespace slipway

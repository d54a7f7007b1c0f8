// The health checking protocol of gRPC: is the server ready, as /v2/health/ready says it.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway {

enum class Health : std::uint8_t { kServing, kNotServing, kUnknownService };

// What is known of the service that a HealthCheckRequest names: all of them ("") or the inference service.
// invalid_argument "grpc.bad_message".
Result<Health> health_of(const std::string& message, bool is_ready);
// A HealthCheckResponse.
std::string write_health(Health health);

}  // namespace slipway

#include "protocol/grpc/health.h"

#include "health.pb.h"

namespace slipway {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

Result<Health> health_of(const std::string& message, bool is_ready) {
  HealthCheckRequest request;
  if (!request.ParseFromString(message)) {
    return fail(Code::kInvalidArgument, "grpc.bad_message", "the request is not a HealthCheckRequest");
  }
  if (!request.service().empty() && request.service() != "inference.GRPCInferenceService") {
    return Health::kUnknownService;
  }
  return is_ready ? Health::kServing : Health::kNotServing;
}

std::string write_health(Health health) {
  HealthCheckResponse response;
  switch (health) {
    case Health::kServing:
      response.set_status(HealthCheckResponse::SERVING);
      break;
    case Health::kNotServing:
      response.set_status(HealthCheckResponse::NOT_SERVING);
      break;
    case Health::kUnknownService:
      response.set_status(HealthCheckResponse::SERVICE_UNKNOWN);
      break;
  }
  return response.SerializeAsString();
}

}  // namespace slipway

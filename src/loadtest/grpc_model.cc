#include "loadtest/grpc_model.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <inference.pb.h>

#include "loadtest/payload.h"

namespace slipway::loadtest {
namespace {

constexpr std::chrono::seconds kTimeout{10};

Error error_of(const grpc::Status& status, const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto reason = trailers.find("slipway-reason");
  std::string why = "bench.grpc";
  if (reason != trailers.end()) {
    why.assign(reason->second.data(), reason->second.size());
  } else if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    why = "bench.unreachable";
  }
  return {static_cast<Code>(status.error_code()), std::move(why), status.error_message(), {}};
}

}  // namespace

std::string grpc_target(const std::string& host, const std::string& port) {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

Result<std::vector<TensorSpec>> grpc_model_inputs(const std::string& target, const std::string& model,
                                                  const std::string& version,
                                                  const std::vector<std::pair<std::string, std::string>>& metadata) {
  const auto channel = grpc::CreateChannel(target, grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kTimeout);
  for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
  inference::ModelRequest request;
  request.set_name(model);
  request.set_version(version);
  inference::ModelMetadataResponse response;
  const grpc::internal::RpcMethod method("/inference.GRPCInferenceService/ModelMetadata",
                                         grpc::internal::RpcMethod::NORMAL_RPC, channel);
  const grpc::Status status = grpc::internal::BlockingUnaryCall(channel.get(), method, &context, request, &response);
  if (!status.ok()) return fail(error_of(status, context));
  std::vector<TensorSpec> inputs;
  for (const auto& input : response.inputs()) {
    SLIPWAY_TRY(inputs.emplace_back(),
                declared_input(input.name(), input.datatype(), {input.shape().begin(), input.shape().end()}));
  }
  return inputs;
}

}  // namespace slipway::loadtest

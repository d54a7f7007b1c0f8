// What a server says over gRPC that a model takes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace slipway::loadtest {

// An address as gRPC takes it.
std::string grpc_target(const std::string& host, const std::string& port);

// Its inputs by ModelMetadata. `metadata` goes with the call; `version`: "" for what the server chooses. Blocks, up to
// 10 s. Errors: the status of the call with the reason in its trailing metadata, or else "bench.grpc";
// "bench.unreachable" where there is no server; those of declared_input().
Result<std::vector<TensorSpec>> grpc_model_inputs(const std::string& target, const std::string& model,
                                                  const std::string& version,
                                                  const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace slipway::loadtest

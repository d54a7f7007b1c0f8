// Where a model answers outside of this server: another server that speaks the Open Inference Protocol v2 over REST.
//
// In YAML, as a policy and the description of a remote version have it:
//   url: https://triton.example:8000   # what stands before /v2
//   model: iris
//   version: "1"                       # without it, the remote chooses
//   timeout: 200ms                     # of one request, connecting included
//   key: {file: triton}                # a secret that the operator gave the server: see RemoteKey
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "data/shape.h"

namespace slipway {

// A secret is named, never written down: the first line of a file in the server's directory of secrets, or an
// environment variable that begins with SLIPWAY_REMOTE_, so that a policy cannot name the server's other secrets.
struct RemoteKey {
  enum class Source : std::uint8_t { kFile, kEnvironment };
  Source source = Source::kFile;
  std::string name;
  std::string header = "authorization";  // lower case; of "authorization" the secret follows "Bearer "
  bool operator==(const RemoteKey&) const = default;
};
constexpr std::string_view kRemoteKeyPrefix = "SLIPWAY_REMOTE_";

struct RemoteTarget {
  std::string url;
  std::string model;
  std::string version;                               // "": the remote chooses
  std::optional<std::chrono::microseconds> timeout;  // absent: until the request's deadline
  std::optional<RemoteKey> key;
  bool operator==(const RemoteTarget&) const = default;
};

extern const Shape kRemoteTargetShape;

// Of a map that check_shape() has found to have kRemoteTargetShape, alone or with other keys.
RemoteTarget read_remote_target(const yaml::Node& map, const std::string& path, Problems& problems);

// What a remote version is made of: the target, and its inputs and outputs where the remote does not say them.
struct RemoteDescription {
  RemoteTarget target;
  std::vector<TensorSpec> inputs;  // both may be empty
  std::vector<TensorSpec> outputs;
  bool operator==(const RemoteDescription&) const = default;
};

// The keys of a target, and "inputs" and "outputs": lists of {name, datatype, shape}, -1 for a variable dimension.
// invalid_argument "remote.syntax", "remote.unknown_key", "remote.missing_key", "remote.bad_value"; one detail for each
// mistake, with line and column.
Result<RemoteDescription> parse_remote_description(std::string_view yaml);

}  // namespace slipway

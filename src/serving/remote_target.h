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

#include "base/result.h"
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

}  // namespace slipway

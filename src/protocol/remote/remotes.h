// Remotes over HTTP: the port of serving/remote.h.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/secret.h"
#include "protocol/remote/client.h"
#include "protocol/remote/origin.h"
#include "serving/remote.h"

namespace slipway {

class HttpRemoteEndpoint;

struct HttpRemotesOptions {
  std::vector<RemoteAllowance> allowed;  // none: no remote may be asked
  RemoteClientOptions client;
  // Finds a secret; called now and again, so that it can be changed. "remote.key" when it is not there.
  std::function<Result<Secret>(const RemoteKey& key)> read_key;
};

class HttpRemotes final : public Remotes {
 public:
  static Result<std::unique_ptr<HttpRemotes>> start(HttpRemotesOptions options, metrics::Registry& registry);
  ~HttpRemotes() override;
  // All requests, under way and later ones, are answered that the server stops.
  void stop();

  Status check(const RemoteTarget& target) const override;
  std::shared_ptr<const RemoteEndpoint> open(const RemoteTarget& target) const override;
  Result<RemoteMetadata> describe(const RemoteTarget& target, Monotonic deadline) const override;
  std::shared_ptr<const RemoteWatch> watch(const RemoteTarget& target, const Digest& metadata,
                                           Monotonic deadline) const override;

 private:
  HttpRemotes(HttpRemotesOptions options, std::shared_ptr<RemoteClient> client, metrics::Registry& registry);
  std::shared_ptr<const HttpRemoteEndpoint> endpoint(const RemoteTarget& target) const;

  const HttpRemotesOptions options_;
  const std::shared_ptr<RemoteClient> client_;
  metrics::GaugeFamily& ready_;
};

}  // namespace slipway

// One model on one remote, over HTTP. Private to this folder.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "base/secret.h"
#include "protocol/remote/client.h"
#include "protocol/remote/remotes.h"
#include "serving/remote.h"

namespace slipway {

// The secret of a target, read again after a while, so that it can be changed without a restart. Thread-safe.
class RemoteSecret {
 public:
  RemoteSecret(std::optional<RemoteKey> key, std::function<Result<Secret>(const RemoteKey&)> read)
      : key_(std::move(key)), read_(std::move(read)) {}

  // "authorization: Bearer …\r\n", or "" without a key. failed_precondition "remote.key".
  Result<std::string> header() const;

 private:
  const std::optional<RemoteKey> key_;
  const std::function<Result<Secret>(const RemoteKey&)> read_;
  mutable std::mutex mutex_;
  mutable std::optional<Secret> value_;
  mutable Monotonic read_at_{};
};

class HttpRemoteEndpoint final : public RemoteEndpoint {
 public:
  HttpRemoteEndpoint(RemoteTarget target, Result<RemoteOrigin> origin,
                     std::function<Result<Secret>(const RemoteKey&)> read_key, std::shared_ptr<RemoteClient> client);

  Task<Status> infer(RemoteCall call, RunOutputs& out) const override;

  // What the remote says of itself and the model.
  Task<Result<RemoteMetadata>> describe(Executor& executor, Monotonic deadline) const;
  // unavailable "remote.not_ready" where it says that the model is not.
  Task<Status> ask_readiness(Executor& executor, Monotonic deadline) const;

  const RemoteTarget& target() const noexcept { return target_; }
  Error named(Error error) const;  // with the remote in its message

 private:
  enum class Binary : std::uint8_t { kUnknown, kNo, kYes };

  Result<RemoteRequest> make_request(std::string_view method, const std::string& path, std::string body,
                                     std::optional<std::size_t> json_bytes) const;
  Task<Result<RemoteReply>> send(Executor& executor, Monotonic deadline, RemoteRequest request) const;
  Task<Result<std::string>> get(Executor& executor, Monotonic deadline, std::string path) const;
  Task<Result<RemoteServerMetadata>> describe_server(Executor& executor, Monotonic deadline) const;
  Task<Result<bool>> find_binary(Executor& executor, Monotonic deadline) const;
  Status check_status(const RemoteReply& reply) const;
  Task<Status> ask(RemoteCall call, RunOutputs& out) const;
  void note(const Error& error) const;  // in the log, where it is news

  const RemoteTarget target_;
  const Result<RemoteOrigin> origin_;  // an error: it may not be asked
  const std::string path_;             // of the model
  const RemoteSecret secret_;
  const std::shared_ptr<RemoteClient> client_;
  mutable std::atomic<Binary> binary_{Binary::kUnknown};
  mutable std::atomic<Monotonic> noted_{Monotonic{}};
};

}  // namespace slipway

// Looks at a remote every second: is it there, is the model ready, is it described as it was at its trial? Private to
// this folder.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/digest.h"
#include "base/metrics.h"
#include "protocol/remote/client.h"
#include "protocol/remote/endpoint.h"
#include "serving/remote.h"

namespace slipway {

class HttpRemoteWatch final : public RemoteWatch,
                              public RemoteTick,
                              public std::enable_shared_from_this<HttpRemoteWatch> {
 public:
  HttpRemoteWatch(std::shared_ptr<const HttpRemoteEndpoint> endpoint, const Digest& metadata, metrics::Gauge ready);

  void tick() override;
  Status readiness() const override;
  Status usability() const override;
  void wait_for_first_look(Monotonic deadline) const;

 private:
  static Task<Status> look(std::shared_ptr<HttpRemoteWatch> self);
  void settle(const Status& status);

  const std::shared_ptr<const HttpRemoteEndpoint> endpoint_;
  const Digest metadata_;
  metrics::Gauge ready_;
  InPlaceExecutor executor_;
  bool is_looking_ = false;  // the client's thread's

  std::atomic<bool> is_usable_{false};
  mutable std::mutex mutex_;
  mutable std::condition_variable looked_;
  Status last_;  // of the last look
  bool has_looked_ = false;
};

}  // namespace slipway

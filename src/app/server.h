// Composition and life cycle: the one place that knows every module.
//
// open() makes everything in the order of the arrows and starts to listen last; run() serves until a signal and then
// drains: not ready, no new connections, in-flight requests finish, the log is closed with a signed checkpoint.
#pragma once

#include <memory>

#include "app/settings.h"
#include "base/result.h"

namespace slipway {

class Server {
 public:
  static Result<std::unique_ptr<Server>> open(Settings settings);
  ~Server();

  std::uint16_t http_port() const noexcept;
  // Blocks until SIGTERM or SIGINT, then drains. A second signal ends the process at once.
  Status run();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace slipway

#include "protocol/admin/gate.h"

#include "access/this_machine.h"

namespace slipway {

Gate make_gate(const AccessPolicy& policy, const SnapshotCell<AccessSnapshot>& keys, const Clock& clock) {
  // Shared, since std::function must be copyable; the copies stay on one thread.
  auto reader = std::make_shared<SnapshotCell<AccessSnapshot>::Reader>(keys);
  return [policy, reader, &clock](const HttpRequest& request, Permission permission,
                                  std::string_view model) -> Result<std::shared_ptr<const Principal>> {
    if (!policy.is_auth_on) SLIPWAY_CHECK(check_from_this_machine(request.header("host"), request.header("origin")));
    const Credentials credentials{request.header("authorization"), request.header("x-api-key"),
                                  request.header("slipway-principal"), request.header("origin")};
    return admit(policy, *reader->read(), credentials, clock.now(), permission, model);
  };
}

}  // namespace slipway

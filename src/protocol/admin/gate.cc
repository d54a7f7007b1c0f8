#include "protocol/admin/gate.h"

#include "access/this_machine.h"

namespace slipway {
namespace {

// Known although it is refused: it has a key and lacks the permission.
std::string principal_of(const AccessPolicy& policy, const AccessSnapshot& keys, const Credentials& credentials,
                         WallTime now) {
  const auto principal = authenticate(policy, keys, credentials, now);
  return principal ? (*principal)->id : std::string();
}

}  // namespace

Gate make_gate(const AccessPolicy& policy, const SnapshotCell<AccessSnapshot>& keys, const Clock& clock,
               OnTurnedAway on_turned_away) {
  // Shared, since std::function must be copyable; the copies stay on one thread.
  auto reader = std::make_shared<SnapshotCell<AccessSnapshot>::Reader>(keys);
  return [policy, reader, &clock, on_turned_away = std::move(on_turned_away)](
             const HttpRequest& request, Permission permission,
             std::string_view model) -> Result<std::shared_ptr<const Principal>> {
    if (!policy.is_auth_on) SLIPWAY_CHECK(check_from_this_machine(request.header("host"), request.header("origin")));
    const Credentials credentials{request.header("authorization"), request.header("x-api-key"),
                                  request.header("slipway-principal"), request.header("origin")};
    const AccessSnapshot& newest = *reader->read();
    auto principal = admit(policy, newest, credentials, clock.now(), permission, model);
    if (!principal && on_turned_away) [[unlikely]] {
      const std::string who = principal_of(policy, newest, credentials, clock.now());
      on_turned_away({request, principal.error(), who, permission, model});
    }
    return principal;
  };
}

}  // namespace slipway

// Decides who asks and whether they may. Pure: takes the credentials of a request, knows nothing of HTTP or of models.
#pragma once

#include <memory>
#include <string_view>

#include "access/access_snapshot.h"
#include "access/permission.h"
#include "base/result.h"

namespace slipway {

struct AccessPolicy {
  bool is_auth_on = true;
  // With auth off, on a listener that only this machine reaches: a request may say who it is. Lets one person try what
  // needs two, such as approval by somebody else than the author.
  bool may_claim_principal = false;
};

// Header values, "" when absent.
struct Credentials {
  std::string_view authorization;      // "Bearer KEY", or "Basic …" with the key as password and any user name
  std::string_view api_key;            // of x-api-key
  std::string_view claimed_principal;  // of slipway-principal
  std::string_view origin = {};        // of a web page that asks
};

// Fails with unauthenticated "access.missing_key", "access.unknown_key", "access.expired_key", "access.two_keys", with
// invalid_argument "access.claimed_principal" where a claim is malformed or not allowed, and with permission_denied
// "access.foreign_origin" where a web page asks with a password: a browser sends one it knows for any page.
Result<std::shared_ptr<const Principal>> authenticate(const AccessPolicy& policy, const AccessSnapshot& keys,
                                                      const Credentials& credentials, WallTime now);

// Fails with permission_denied "access.forbidden", which names the permission and the model asked for, whether or not
// such a model exists. `model` is "" when the request names none.
Status authorize(const Principal& principal, Permission permission, std::string_view model);

// authenticate() and authorize(); a public permission needs no credentials and gets whoever asks, or nobody.
Result<std::shared_ptr<const Principal>> admit(const AccessPolicy& policy, const AccessSnapshot& keys,
                                               const Credentials& credentials, WallTime now, Permission permission,
                                               std::string_view model);

// [A-Za-z0-9][A-Za-z0-9._@+-]{0,63}
bool is_principal_name(std::string_view name) noexcept;

}  // namespace slipway

#include "access/authorize.h"

#include <algorithm>

#include "base/bytes.h"

namespace slipway {
namespace {

std::shared_ptr<const Principal> make_with_every_role(std::string name) {
  auto principal = std::make_shared<Principal>();
  principal->id = name;
  principal->name = std::move(name);
  for (const Role role : {Role::kViewer, Role::kPredictor, Role::kDataScientist, Role::kApprover, Role::kOperator,
                          Role::kAdmin, Role::kAuditor}) {
    principal->grants.push_back({role, "*"});
  }
  return principal;
}

const std::shared_ptr<const Principal>& anonymous_with_every_role() {
  static const auto principal = make_with_every_role("anonymous");
  return principal;
}

const std::shared_ptr<const Principal>& nobody() {
  static const auto principal = std::make_shared<const Principal>(Principal{"anonymous", "anonymous", {}});
  return principal;
}

bool is_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// What follows the scheme, whose case does not matter (RFC 9110, section 11.1); "" for any other scheme.
std::string_view after_scheme(std::string_view authorization, std::string_view lower_case_scheme) noexcept {
  if (authorization.size() <= lower_case_scheme.size()) return "";
  const bool is_scheme =
      std::equal(lower_case_scheme.begin(), lower_case_scheme.end(), authorization.begin(),
                 [](char lower, char c) { return c == lower || (c >= 'A' && c <= 'Z' && c + 32 == lower); });
  return is_scheme ? authorization.substr(lower_case_scheme.size()) : "";
}

// The password of "Basic BASE64(USER:PASSWORD)" (RFC 7617); "" where it is malformed.
std::string basic_password(std::string_view encoded) {
  const auto plain = from_base64(encoded);
  if (!plain) return "";
  const auto colon = std::find(plain->begin(), plain->end(), ':');
  return colon == plain->end() ? std::string() : std::string(colon + 1, plain->end());
}

tl::unexpected<Error> unauthenticated(std::string_view reason, std::string message) {
  return fail(Code::kUnauthenticated, reason, std::move(message));
}

Result<std::shared_ptr<const Principal>> claimed(const AccessPolicy& policy, std::string_view name) {
  if (name.empty()) return anonymous_with_every_role();
  if (!policy.may_claim_principal) {
    return fail(Code::kInvalidArgument, "access.claimed_principal",
                "header slipway-principal is accepted only on a loopback address");
  }
  if (!is_principal_name(name)) {
    return fail(Code::kInvalidArgument, "access.claimed_principal",
                "header slipway-principal is " + quoted(name) +
                    "; a name is 1 to 64 letters, digits or . _ @ + - and begins with a letter or digit");
  }
  return make_with_every_role(std::string(name));
}

}  // namespace

bool is_principal_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 64 || !is_alphanumeric(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == '@' || c == '+' || c == '-';
  });
}

Result<std::shared_ptr<const Principal>> authenticate(const AccessPolicy& policy, const AccessSnapshot& keys,
                                                      const Credentials& credentials, WallTime now) {
  if (!policy.is_auth_on) return claimed(policy, credentials.claimed_principal);
  if (!credentials.claimed_principal.empty()) [[unlikely]] {
    return fail(Code::kInvalidArgument, "access.claimed_principal",
                "header slipway-principal is accepted only by a server with --auth off; here the key says who asks");
  }
  std::string_view sent = after_scheme(credentials.authorization, "bearer ");
  std::string password;
  if (const std::string_view basic = after_scheme(credentials.authorization, "basic "); !basic.empty()) {
    if (!credentials.origin.empty()) {
      return fail(
          Code::kPermissionDenied, "access.foreign_origin",
          "a web page cannot use a password that the browser keeps; send the key as 'authorization: Bearer KEY'");
    }
    sent = password = basic_password(basic);
  }
  const std::string_view key = sent.empty() ? credentials.api_key : sent;
  if (key.empty()) [[unlikely]] {
    return unauthenticated("access.missing_key",
                           "no API key; send it as 'authorization: Bearer KEY' or as 'x-api-key: KEY'");
  }
  if (!credentials.api_key.empty() && credentials.api_key != key) [[unlikely]] {
    return unauthenticated("access.two_keys", "headers authorization and x-api-key hold different keys; send one");
  }
  const Authentication found = keys.authenticate(key, now);
  if (found.refusal == KeyRefusal::kExpired) {
    return unauthenticated("access.expired_key", "the API key has expired; ask an admin for a new one");
  }
  if (found.key == nullptr) return unauthenticated("access.unknown_key", "the API key is unknown or revoked");
  return found.key->principal;
}

Status authorize(const Principal& principal, Permission permission, std::string_view model) {
  if (principal.may(permission, model)) [[likely]]
    return {};
  std::string message =
      "principal " + quoted(principal.name) + " lacks the permission " + std::string(to_string(permission));
  if (!model.empty()) message += " on model " + quoted(model, 128);
  return fail(Code::kPermissionDenied, "access.forbidden", std::move(message));
}

Result<std::shared_ptr<const Principal>> admit(const AccessPolicy& policy, const AccessSnapshot& keys,
                                               const Credentials& credentials, WallTime now, Permission permission,
                                               std::string_view model) {
  auto principal = authenticate(policy, keys, credentials, now);
  if (permission == Permission::kPublic) return principal ? *principal : nobody();
  if (!principal) return principal;
  SLIPWAY_CHECK(authorize(**principal, permission, model));
  return principal;
}

}  // namespace slipway

#include "registry/label_rules.h"

#include <string>

#include "base/bytes.h"

namespace slipway {
namespace {

tl::unexpected<Error> read_only(std::string_view key, std::string_view why) {
  return fail(Code::kPermissionDenied, "tag.read_only",
              "tag " + slipway::quoted(key) + " is read-only: " + std::string(why));
}

}  // namespace

bool is_reserved_alias(std::string_view alias) noexcept { return alias == "champion" || alias == "challenger"; }

Status check_reserved_alias(std::string_view alias, const Version* version) {
  if (version != nullptr && version->state == VersionState::kApproved) return {};
  return fail(Code::kFailedPrecondition, "alias.not_approved",
              "alias " + slipway::quoted(alias) + " stands for what serves, so it moves to an approved version only; " +
                  (version == nullptr ? std::string("this number has no version")
                                      : "this one is " + std::string(to_string(version->state))));
}

Status check_model_tag(std::string_view key) { return check_new_version_tag(key); }

Status check_version_tag(std::string_view key) {
  if (key == kSemverTag) return read_only(key, "a version's semantic version is taken when it is registered");
  return check_new_version_tag(key);
}

Status check_new_version_tag(std::string_view key) {
  if (!key.starts_with(kFactPrefix)) return {};
  return read_only(key, "tags that begin with \"slipway.\" are facts that the registry tells");
}

}  // namespace slipway

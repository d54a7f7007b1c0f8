// Which tags and aliases not everybody may write: pure decisions.
//
// - `champion` and `challenger` say what serves: they move with the right to deploy, to an approved version only.
// - Tags that begin with "slipway." are facts about a version, made when they are read; `semver` is taken from the tags
//   of a new version and is its name from then on.
#pragma once

#include <string_view>

#include "base/result.h"
#include "registry/model.h"

namespace slipway {

constexpr std::string_view kFactPrefix = "slipway.";
constexpr std::string_view kSemverTag = "semver";

bool is_reserved_alias(std::string_view alias) noexcept;

// failed_precondition "alias.not_approved". `version`: null where the number has none.
Status check_reserved_alias(std::string_view alias, const Version* version);

// permission_denied "tag.read_only".
Status check_model_tag(std::string_view key);
Status check_version_tag(std::string_view key);
Status check_new_version_tag(std::string_view key);  // of one that is created with it

}  // namespace slipway

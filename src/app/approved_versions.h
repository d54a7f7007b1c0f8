// What SQL says is to be served: the approved versions with what is wanted of them, and the labels of each model.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/serving_wishes.h"
#include "registry/model_store.h"
#include "registry/policy_store.h"

namespace slipway {

struct ApprovedVersion {
  Version version;
  ServingWish wish = ServingWish::kServed;
};

struct ApprovedVersions {
  // The one that answers when no version is named before the others: the greatest release, or the greatest pre-release
  // while there is no release.
  std::vector<ApprovedVersion> versions;
  std::map<std::string, std::map<std::string, std::string>> labels;  // by model and label: the id of a version
  std::vector<PolicyRevision> policies;                              // the newest of each endpoint
};

// Versions whose approvals no longer stand are left out and logged.
Result<ApprovedVersions> read_approved(Database& database, const ModelStore& models, const ServingWishes& wishes);

// The approved versions of a model that `version` means: "1.2.3", the integer or a label; "" for all. not_found
// "model.not_found", "version.not_found"; failed_precondition "version.not_approved".
Result<std::vector<Version>> find_approved(Transaction& t, const ModelStore& models, std::string_view model,
                                           std::string_view version);

}  // namespace slipway

// What the handlers of the registry's routes share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/mlflow/registry_routes.h"
#include "protocol/mlflow/version_view.h"
#include "protocol/mlflow/wire.h"

namespace slipway::mlflow {

void add_registered_model_routes(Router& router, const RegistryRouteParts& parts);
void add_registered_model_label_routes(Router& router, const RegistryRouteParts& parts);
void add_model_version_routes(Router& router, const RegistryRouteParts& parts);
void add_model_version_change_routes(Router& router, const RegistryRouteParts& parts);

using RegistryHandler = Result<std::string> (*)(const RegistryRouteParts&, const Arguments&, const HttpRequest&);
// `permission`: what a principal needs on some model to come as far as the handler.
void add(Router& router, Method method, std::string_view path, Permission permission, const RegistryRouteParts& parts,
         RegistryHandler handler);

// The argument "name", of a model on which the principal has this permission.
Result<std::string> model_of(const Arguments& arguments, const HttpRequest& request, Permission permission);
// For what those who register and those who deploy both do: moving aliases and stages, deleting.
Status authorize_change(const Principal& principal, std::string_view model);
// The argument "version"; invalid_argument where it is no integer.
Result<std::int64_t> number_of(const Arguments& arguments);
Result<std::vector<Label>> tags_of(const Arguments& arguments);

// not_found "model.not_found" in MLflow's words, also where it is hidden.
Result<Model> find_model(const RegistryRouteParts& parts, Transaction& t, std::string_view name);
// The version behind the arguments "name" and "version".
Result<Registration> find_registration(const RegistryRouteParts& parts, Transaction& t, std::string_view model,
                                       std::int64_t number);
// What was made of it; null: nothing yet, or nothing ever.
Result<std::optional<Version>> find_version(const RegistryRouteParts& parts, Transaction& t,
                                            const Registration& registration);

// A version by what clients write where MLflow has an alias or a stage: a semantic version, or a range, which means
// its greatest approved version. Null where `text` is neither. not_found "version.not_found".
Result<std::optional<Registration>> find_by_semver(const RegistryRouteParts& parts, Transaction& t,
                                                   std::string_view model, std::string_view text);

// Takes what was made of a registration out of use: a draft that never was a candidate is deleted, any other retired.
// An author may take back what is not approved yet; everything else needs the right to deploy.
Status take_out(const RegistryRouteParts& parts, Transaction& t, const Principal& principal, const Version& version,
                std::string_view reason);

// Writes, and answers with {}.
Result<std::string> write(const RegistryRouteParts& parts, const std::function<Status(Transaction&)>& body);
// Notes that an event was written, where it was.
Result<std::string> told(const RegistryRouteParts& parts, Result<std::string> done);

std::vector<std::pair<std::string, std::string>> pairs_of(const std::vector<Label>& tags);

}  // namespace slipway::mlflow

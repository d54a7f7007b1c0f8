// Search over registered models and model versions with MLflow's filters (tracking/search_filter.h), over what the
// principal may read.
#pragma once

#include <string>
#include <vector>

#include "access/permission.h"
#include "registry/model.h"
#include "registry/page.h"
#include "registry/registration.h"
#include "storage/sql.h"

namespace slipway::mlflow {

struct RegistrySearch {
  std::string filter;
  std::vector<std::string> order_by;
  std::size_t limit = 100;
  std::string token;
};

constexpr std::size_t kModelsLimitMax = 1000;
constexpr std::size_t kVersionsLimitMax = 200'000;

// Prompts, which clients keep as models with the tag mlflow.prompt.is_prompt, only where the filter asks for that tag.
Result<Page<Model>> search_models(Transaction& t, const RegistrySearch& search, const Principal& principal);
Result<Page<Registration>> search_versions(Transaction& t, const RegistrySearch& search, const Principal& principal);

}  // namespace slipway::mlflow

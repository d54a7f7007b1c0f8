// What `slipway score` asks of the server: what a version takes and gives, its contract, and predictions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/context.h"
#include "data/bind.h"
#include "score/chunk_scorer.h"
#include "score/plan.h"

namespace slipway::cli {

// `version`: "1.2.0", a number or a label; "" for the one that answers when none is named. The result names it.
Result<score::ScoredModel> describe_model(Api& api, const std::string& name, const std::string& version);

// Nothing where the version has no contract, or the caller may not read it.
Result<std::optional<BoundContract>> fetch_contract(Api& api, const score::ScoredModel& model);

// Over a connection of its own. An answer that the endpoint's policy gave in place of the version is a refusal with
// the reason score.degraded.
Result<score::Ask> make_ask(const GlobalOptions& options, const score::ScoredModel& model);

}  // namespace slipway::cli

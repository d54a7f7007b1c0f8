// From a model version to the recorded run that it came of.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/context.h"
#include "cli/model_ref.h"

namespace slipway::cli {

// The one run of the server that the lineage connects to exactly this version's bundle and that was recorded with
// `slipway run record`. failed_precondition "version.no_recorded_run" when there is none; "version.recorded_runs" names
// them when there are several.
Result<std::string> recorded_run_of(Api& api, const ModelRef& version);

}  // namespace slipway::cli

// Runs on the server, in MLflow's dialect: a recorded run is one of its runs, the bundle its artifacts below
// "slipway/".
#pragma once

#include <string>

#include "base/result.h"
#include "cli/context.h"
#include "reproduce/bundle.h"

namespace slipway::cli {

// Creates a run of the experiment of that name, which is created, too, where there is none. Its id.
Result<std::string> create_run(Api& api, const std::string& experiment, const std::string& name);

// The files of the bundle, then the metrics, the inputs as datasets, and the tags slipway.reproduction.digest,
// mlflow.source.git.commit and others. Ends the run when `ends_run`.
Status send_bundle(Api& api, const std::string& run_id, const reproduce::Bundle& bundle, bool ends_run);

// Whether the run was recorded.
Result<bool> has_bundle(Api& api, const std::string& run_id);

// Marks a run as failed that came to nothing.
Status fail_run(Api& api, const std::string& run_id);

// The bundle of a run into `directory`, which must not exist. failed_precondition "run.no_bundle" when the run was not
// recorded; data_loss "reproduce.changed" when the server's bundle is not the one that its tag names.
Result<reproduce::Bundle> fetch_bundle(Api& api, const std::string& run_id, const std::string& directory);

}  // namespace slipway::cli

// A run of `slipway score`, from the command line's words to the finished file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/context.h"
#include "cli/score_report.h"

namespace slipway::cli {

struct ScoreArguments {
  std::string endpoint;
  std::string file;
  std::string output;
  std::vector<std::string> inputs;
  std::vector<std::string> keep;
  std::string rejects;
  std::size_t concurrency = 4;
  std::size_t rows = 0;           // 0: by the model
  std::int64_t rejects_max = -1;  // -1: no limit
  double retry_timeout_s = 60;
  bool is_quiet = false;
};

// Goes on with the job that a checkpoint beside the output tells of. A failure on the way says that this can be done.
Result<ScoreOutcome> score_file(const ScoreArguments& arguments, const GlobalOptions& options);

}  // namespace slipway::cli

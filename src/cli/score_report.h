// What `slipway score` prints: a line while it runs, and what came of it.
#pragma once

#include <functional>
#include <string>

#include "score/checkpoint.h"

namespace slipway::cli {

// A line on standard error that is rewritten: rows, rows a second, time left. Nothing when that is no terminal.
std::function<void(const score::Counts&, double share)> score_progress(const score::Counts& start);

struct ScoreOutcome {
  std::string model;
  std::string version;
  std::string output;
  std::string rejects;  // of the file; "" where no row was rejected
  score::Counts counts;
  score::Counts before;  // of an earlier run that this one went on from
  std::size_t rows_a_request = 1;
  double seconds = 0;

  double rows_per_s() const noexcept;  // of this run
};

std::string score_text(const ScoreOutcome& outcome);
std::string score_json(const ScoreOutcome& outcome);  // one object and a line end

}  // namespace slipway::cli

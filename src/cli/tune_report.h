// What `slipway tune` prints. Pure.
#pragma once

#include <span>
#include <string>

#include "serving/tune_plan.h"

namespace slipway::cli {

struct TuneSubject {
  std::string model;   // as the caller named it
  unsigned cores = 1;  // of this machine, for this process
  std::string runtime_version;
  bool is_batchable = false;
  TuneGoal goal;
};

// For people: the curve, then what is proposed and why.
std::string tune_text(const TuneSubject& subject, std::span<const TunePoint> points, const TuneProposal& proposal);
// One JSON object and a line end.
std::string tune_json(const TuneSubject& subject, std::span<const TunePoint> points, const TuneProposal& proposal);

}  // namespace slipway::cli

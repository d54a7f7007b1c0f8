// Asks dead letters again, of a named version.
//
// Puts letters back into the queue, pinned to the version, in batches that are transactions of their own: what a killed
// server had put back stays so, and asking again puts the rest. A letter that waits, runs or has succeeded is left
// alone, so that a replay never makes a second answer. How fast they start is kept in SQL too: for all servers
// together, and over their restarts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "async/dead_letters.h"
#include "registry/model_store.h"

namespace slipway {

struct ReplayWish {
  static constexpr double kRateMin = 0.001;
  static constexpr double kRateMax = 10'000;
  static constexpr std::size_t kIdsMax = 1'000;

  std::vector<std::string> ids;  // empty: all, or those of `model`
  std::string model;             // "": of every model
  SemVer version;
  double rate_per_second = 10;  // how many start
  std::string principal;        // who asks for it
  MayModel may;
};

struct ReplayReport {
  static constexpr std::size_t kRefusalsMax = 100;  // that are listed
  struct Refusal {
    std::string id;
    Error error;
  };

  std::string id;
  std::int64_t replayed = 0;
  std::int64_t skipped = 0;  // wait, run or have succeeded already
  std::int64_t refused = 0;
  std::vector<Refusal> refusals;
};

// invalid_argument "deadletter.invalid_rate", "deadletter.too_many_ids"; where the wish names a model, those of
// ModelStore::version() and failed_precondition "version.not_approved". What is wrong with single letters is in the
// report.
Result<ReplayReport> replay(Database& database, const ModelStore& models, const ReplayWish& wish,
                            const Clock& clock = system_clock());

}  // namespace slipway

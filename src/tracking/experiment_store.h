// Experiments and their tags, in SQL, inside the caller's transaction (registry/transact.h). Stateless but for its
// clock and randomness: shared by all threads.
//
// Errors: not_found "experiment.not_found", "tag.not_found"; already_exists "experiment.taken" (also by a deleted one,
// and says so); "experiment.deleted", failed_precondition where one is renamed and invalid_argument where anything else
// of one is changed; invalid_argument "tracking.invalid"; those of storage/sql.h.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "storage/sql.h"
#include "tracking/tracking.h"

namespace slipway {

constexpr std::string_view kDefaultExperimentId = "0";

class ExperimentStore {
 public:
  explicit ExperimentStore(const Clock& clock = system_clock(), Random& random = system_random())
      : clock_(&clock), random_(&random) {}

  // "0", named Default; at start, once.
  Status ensure_default(Transaction& t) const;
  // `artifact_location`: "" for "mlflow-artifacts:/<id>".
  Result<Experiment> create(Transaction& t, std::string_view name, std::string_view artifact_location,
                            const std::vector<KeyValue>& tags) const;
  Result<Experiment> get(Transaction& t, std::string_view id) const;  // also a deleted one
  Result<Experiment> get_by_name(Transaction& t, std::string_view name) const;
  Status rename(Transaction& t, std::string_view id, std::string_view name) const;
  // With all its runs; restore brings back the runs that went with it.
  Status remove(Transaction& t, std::string_view id) const;
  Status restore(Transaction& t, std::string_view id) const;
  Status set_tag(Transaction& t, std::string_view id, const KeyValue& tag) const;
  Status delete_tag(Transaction& t, std::string_view id, std::string_view key) const;

 private:
  Status insert(Transaction& t, std::string_view id, std::string_view name, std::string_view artifact_location,
                const std::vector<KeyValue>& tags) const;

  const Clock* clock_;
  Random* random_;
};

// invalid_argument "experiment.deleted".
Status check_active(const Experiment& experiment);
tl::unexpected<Error> no_experiment(std::string_view id);

}  // namespace slipway

// Runs and what they log, in SQL, inside the caller's transaction. Stateless but for its clock and randomness: shared
// by all threads.
//
// Logging twice what was logged once changes nothing, so that a client may send a request again. A param is written
// once: another value is refused (invalid_argument "param.changed"). The latest metric of a key is the greatest by
// (step, time, value).
//
// Errors: not_found "run.not_found", "tag.not_found"; invalid_argument "run.deleted" (changing a deleted run),
// "param.changed", "tracking.invalid"; those of experiment_store.h and storage/sql.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "storage/sql.h"
#include "tracking/tracking.h"

namespace slipway {

struct NewRun {
  std::string experiment_id;
  std::string name;  // "": the tag mlflow.runName, else a name is made ("brave-heron-123")
  std::string user_id;
  std::int64_t start_ms = 0;
  std::vector<KeyValue> tags;
  std::string principal;
};

struct RunUpdate {
  std::optional<RunStatus> status;
  std::optional<std::int64_t> end_ms;
  std::optional<std::string> name;
};

// Points of one key, oldest first, a page at a time.
struct MetricHistory {
  std::vector<Metric> points;
  std::string next_token;
};

class RunStore {
 public:
  explicit RunStore(const Clock& clock = system_clock(), Random& random = system_random())
      : clock_(&clock), random_(&random) {}

  Result<Run> create(Transaction& t, const NewRun& run) const;
  Result<Run> get(Transaction& t, std::string_view id) const;  // whole; also a deleted one
  Result<RunInfo> info(Transaction& t, std::string_view id) const;
  // Fills in what hangs on the runs: one statement a table, however many runs.
  Status load_data(Transaction& t, std::span<Run> runs) const;
  Result<RunInfo> update(Transaction& t, std::string_view id, const RunUpdate& update) const;
  Status remove(Transaction& t, std::string_view id) const;
  Status restore(Transaction& t, std::string_view id) const;

  // All or nothing.
  Status log(Transaction& t, std::string_view id, std::span<const Metric> metrics, std::span<const KeyValue> params,
             std::span<const KeyValue> tags) const;
  Status delete_tag(Transaction& t, std::string_view id, std::string_view key) const;
  Status log_inputs(Transaction& t, std::string_view id, std::span<const DatasetInput> datasets,
                    std::span<const std::string> models) const;
  Status log_outputs(Transaction& t, std::string_view id, std::span<const ModelOutput> models) const;

  // By time, step, value. `limit` 0: all there are (bounded by the caller's own cap). O(points of the key): a page is
  // found among them. invalid_argument "page.invalid_token".
  Result<MetricHistory> history(Transaction& t, std::string_view id, std::string_view key, std::size_t limit,
                                std::string_view token) const;
  // Points of one key of several runs with start_step <= step <= end_step (null: open), thinned to `limit` a run as
  // MLflow's server thins them, the first and last always among them where `limit` > 1; in the order of `ids`, then by
  // step, time, value. Their run_id is filled in, their models and data sets are not.
  Result<std::vector<Metric>> history_interval(Transaction& t, std::span<const std::string> ids, std::string_view key,
                                               std::optional<std::int64_t> start_step,
                                               std::optional<std::int64_t> end_step, std::size_t limit) const;
  struct DatasetSummary {
    std::string experiment_id;
    std::string name;
    std::string digest;
    std::string context;  // the tag mlflow.data.context, ""
    auto operator<=>(const DatasetSummary&) const = default;
  };
  // In the order of their members.
  Result<std::vector<DatasetSummary>> datasets(Transaction& t, std::span<const std::string> experiment_ids,
                                               std::size_t limit) const;

 private:
  const Clock* clock_;
  Random* random_;
};

}  // namespace slipway

// Logged models (MLflow 3): what a run saved as a model, before anybody registers it. In SQL, inside the caller's
// transaction; stateless, shared by all threads.
//
// Logging and removing twice changes nothing, so that a client may send a request again.
//
// Errors: not_found "logged_model.not_found", "tag.not_found"; invalid_argument "tracking.invalid", "param.changed";
// those of experiment_store.h and storage/sql.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "storage/sql.h"
#include "tracking/tracking.h"

namespace slipway {

struct NewLoggedModel {
  std::string experiment_id;
  std::string name;  // "": one is made
  std::string model_type;
  std::string source_run_id;
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
  std::string principal;
};

class LoggedModelStore {
 public:
  explicit LoggedModelStore(const Clock& clock = system_clock(), Random& random = system_random())
      : clock_(&clock), random_(&random) {}

  Result<LoggedModel> create(Transaction& t, const NewLoggedModel& model) const;
  Result<LoggedModel> get(Transaction& t, std::string_view id) const;  // whole; not a deleted one
  Result<LoggedModel> finalize(Transaction& t, std::string_view id, LoggedModelStatus status) const;
  Status remove(Transaction& t, std::string_view id) const;
  Status set_tags(Transaction& t, std::string_view id, const std::vector<KeyValue>& tags) const;
  Status delete_tag(Transaction& t, std::string_view id, std::string_view key) const;
  Status log_params(Transaction& t, std::string_view id, const std::vector<KeyValue>& params) const;
  // Fills in tags, params and metrics: one statement a table.
  Status load_data(Transaction& t, std::vector<LoggedModel>& models) const;

 private:
  const Clock* clock_;
  Random* random_;
};

tl::unexpected<Error> no_logged_model(std::string_view id);

}  // namespace slipway

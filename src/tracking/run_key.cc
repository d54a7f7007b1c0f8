#include "tracking/run_key.h"

#include "tracking/tracking.h"

namespace slipway {
namespace {

Result<Row> find_row(Transaction& t, std::string_view id) {
  SLIPWAY_TRY(std::vector<Row> rows,
              t.query("SELECT number, experiment_id, lifecycle_stage FROM runs WHERE id = $1", {std::string(id)}));
  if (rows.empty()) return no_run(id);
  return std::move(rows.front());
}

RunKey key_of(const Row& row) { return {row.integer(0), row.text(1)}; }

}  // namespace

tl::unexpected<Error> no_run(std::string_view id) {
  return fail(Code::kNotFound, "run.not_found", "Run with id=" + std::string(id) + " not found");
}

tl::unexpected<Error> run_is_deleted(std::string_view id) {
  return fail(Code::kInvalidArgument, "run.deleted",
              "The run " + std::string(id) + " must be in the 'active' state. Current state is deleted.");
}

Result<RunKey> find_run(Transaction& t, std::string_view id) {
  SLIPWAY_TRY(const Row row, find_row(t, id));
  return key_of(row);
}

Result<RunKey> find_active_run(Transaction& t, std::string_view id) {
  SLIPWAY_TRY(const Row row, find_row(t, id));
  if (row.text(2) != to_string(LifecycleStage::kActive)) return run_is_deleted(id);
  return key_of(row);
}

}  // namespace slipway

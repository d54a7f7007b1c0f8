#include "tracking/run_key.h"

#include "tracking/tracking.h"

namespace slipway {
namespace {

Result<Row> find_row(Transaction& t, std::string_view id) {
  SLIPWAY_TRY(
      std::vector<Row> rows,
      t.query("SELECT number, experiment_id, points, lifecycle_stage FROM runs WHERE id = $1", {std::string(id)}));
  if (rows.empty()) return no_run(id);
  return std::move(rows.front());
}

RunKey key_of(const Row& row) { return {row.integer(0), row.text(1), row.integer(2)}; }

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
  if (row.text(3) != to_string(LifecycleStage::kActive)) return run_is_deleted(id);
  return key_of(row);
}

Result<RunKey> find_active_run_to_log(Transaction& t, std::string_view id, std::size_t added) {
  if (added == 0) return find_active_run(t, id);
  const auto count = static_cast<std::int64_t>(added);
  SLIPWAY_TRY(
      const std::vector<Row> rows,
      t.query("UPDATE runs SET points = points + $2, is_settled = 0 WHERE id = $1 AND lifecycle_stage = 'active' "
              "RETURNING number, experiment_id, points",
              {std::string(id), count}));
  if (rows.empty()) return find_active_run(t, id);  // says why
  RunKey run = key_of(rows.front());
  run.points -= count;
  return run;
}

}  // namespace slipway

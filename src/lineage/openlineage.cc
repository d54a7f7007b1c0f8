#include "lineage/openlineage.h"

#include <algorithm>
#include <array>

#include "lineage/lineage_store.h"
#include "lineage/subject.h"

namespace slipway {
namespace {

constexpr std::array<std::string_view, 6> kTypes = {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"};

std::int64_t micros(WallTime time) { return time.time_since_epoch().count(); }
SqlValue or_null(const std::optional<WallTime>& time) { return time ? SqlValue(micros(*time)) : SqlValue(SqlNull{}); }
WallTime time_of(std::int64_t value) { return WallTime{std::chrono::microseconds{value}}; }
std::optional<WallTime> time_at(const Row& row, std::size_t column) {
  const auto value = row.optional_integer(column);
  if (!value) return std::nullopt;
  return time_of(*value);
}

bool is_end(RunEventType type) noexcept {
  return type == RunEventType::kComplete || type == RunEventType::kAbort || type == RunEventType::kFail;
}

Status keep_facets(Transaction& t, const std::string& owner, const Facets& facets, WallTime time) {
  for (const auto& [name, body] : facets) {
    SLIPWAY_CHECK(
        t.execute("INSERT INTO lineage_facets (owner, name, body, event_at) VALUES ($1, $2, $3, $4) "
                  "ON CONFLICT (owner, name) DO UPDATE SET body = excluded.body, event_at = excluded.event_at "
                  "WHERE excluded.event_at >= lineage_facets.event_at",
                  {owner, name, body, micros(time)}));
  }
  return {};
}

Status keep_run_state(Transaction& t, const std::string& node_id, RunEventType type, WallTime time) {
  SLIPWAY_TRY(const auto before, run_state_of(t, node_id));
  const RunState after = merge_run_event(before, type, time);
  if (before && *before == after) return {};
  SLIPWAY_CHECK(
      t.execute("INSERT INTO lineage_runs (node, state, state_at, started_at, ended_at) VALUES ($1, $2, $3, $4, $5) "
                "ON CONFLICT (node) DO UPDATE SET state = excluded.state, state_at = excluded.state_at, "
                "started_at = excluded.started_at, ended_at = excluded.ended_at",
                {node_id, std::string(to_string(after.type)), micros(after.time), or_null(after.started_at),
                 or_null(after.ended_at)}));
  return {};
}

Result<LineageNode> node_of(Transaction& t, const OpenLineageDataset& dataset) {
  if (const std::string_view model = model_of(dataset); !model.empty()) {
    SLIPWAY_TRY(const auto versions,
                find_lineage_nodes(t, {LineageKind::kVersion, std::string(model) + '@' + dataset.version}));
    if (!versions.empty()) return versions.front();
  }
  return LineageNode::dataset(dataset.space, dataset.name, dataset.version);
}

// Connects each dataset to the run, or to the job of an event without run.
Status keep_datasets(Transaction& t, const std::vector<OpenLineageDataset>& datasets,
                     const std::optional<LineageNode>& user, bool are_inputs, WallTime time) {
  const LineageStore lineage;
  for (const OpenLineageDataset& dataset : datasets) {
    SLIPWAY_TRY(const LineageNode node, node_of(t, dataset));
    if (!user) {
      SLIPWAY_CHECK(lineage.add_node(t, node, time));
    } else if (are_inputs) {
      SLIPWAY_CHECK(lineage.add_edge(t, node, *user, LineageRelation::kUsed, time));
    } else {
      SLIPWAY_CHECK(lineage.add_edge(t, *user, node, LineageRelation::kProduced, time));
    }
    SLIPWAY_CHECK(keep_facets(t, node.id(), dataset.facets, time));
    if (user) SLIPWAY_CHECK(keep_facets(t, user->id() + ':' + node.id(), dataset.use_facets, time));
  }
  return {};
}

Status keep_run(Transaction& t, const OpenLineageEvent& event, const LineageNode& run) {
  const LineageStore lineage;
  SLIPWAY_CHECK(lineage.add_node(t, run, event.time));
  SLIPWAY_CHECK(keep_facets(t, run.id(), event.run->facets, event.time));
  if (!event.run->parent_id.empty())
    SLIPWAY_CHECK(lineage.run_started_run(t, event.run->parent_id, event.run->id, event.time));
  return keep_run_state(t, run.id(), event.type.value_or(RunEventType::kOther), event.time);
}

}  // namespace

std::string_view to_string(RunEventType type) noexcept { return kTypes[static_cast<std::size_t>(type)]; }

std::optional<RunEventType> parse_run_event_type(std::string_view text) noexcept {
  const auto found = std::find(kTypes.begin(), kTypes.end(), text);
  if (found == kTypes.end()) return std::nullopt;
  return static_cast<RunEventType>(found - kTypes.begin());
}

std::string_view model_of(const OpenLineageDataset& dataset) noexcept {
  constexpr std::string_view kModels = "models/";
  if (dataset.space != kOpenLineageSpace || dataset.version.empty() || !dataset.name.starts_with(kModels)) return {};
  return std::string_view(dataset.name).substr(kModels.size());
}

RunState merge_run_event(const std::optional<RunState>& before, RunEventType type, WallTime time) noexcept {
  RunState after = before.value_or(RunState{type, time, std::nullopt, std::nullopt});
  if (type == RunEventType::kStart) after.started_at = std::min(after.started_at.value_or(time), time);
  if (is_end(type)) after.ended_at = std::max(after.ended_at.value_or(time), time);
  const bool is_newer = time >= after.time;
  if (is_end(type) == is_end(after.type) ? is_newer : is_end(type)) {
    after.type = type;
    after.time = time;
  }
  return after;
}

Status apply(Transaction& t, const OpenLineageEvent& event) {
  const LineageStore lineage;
  std::optional<LineageNode> user;
  if (event.job) {
    const LineageNode job = LineageNode::job(event.job->space, event.job->name);
    SLIPWAY_CHECK(lineage.add_node(t, job, event.time));
    SLIPWAY_CHECK(keep_facets(t, job.id(), event.job->facets, event.time));
    user = job;
  }
  if (event.run) {
    const LineageNode run = LineageNode::run(event.run->id);
    SLIPWAY_CHECK(keep_run(t, event, run));
    if (user) SLIPWAY_CHECK(lineage.add_edge(t, *user, run, LineageRelation::kRan, event.time));
    user = run;
  }
  SLIPWAY_CHECK(keep_datasets(t, event.inputs, user, true, event.time));
  return keep_datasets(t, event.outputs, user, false, event.time);
}

Result<Facets> facets_of(Transaction& t, const std::string& owner) {
  SLIPWAY_TRY(const auto rows,
              t.query("SELECT name, body FROM lineage_facets WHERE owner = $1 ORDER BY name", {owner}));
  Facets facets;
  for (const Row& row : rows) {
    if (!row.text(1).empty()) facets.emplace_back(row.text(0), row.text(1));
  }
  return facets;
}

Result<std::optional<RunState>> run_state_of(Transaction& t, const std::string& node_id) {
  SLIPWAY_TRY(const auto rows,
              t.query("SELECT state, state_at, started_at, ended_at FROM lineage_runs WHERE node = $1", {node_id}));
  if (rows.empty()) return std::nullopt;
  const Row& row = rows[0];
  const auto type = parse_run_event_type(row.text(0));
  if (!type) return fail(Code::kDataLoss, "lineage.altered", "the lineage tables hold the state " + row.text(0));
  return RunState{*type, time_of(row.integer(1)), time_at(row, 2), time_at(row, 3)};
}

}  // namespace slipway

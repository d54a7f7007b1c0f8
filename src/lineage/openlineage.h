// What an OpenLineage event (spec 2-0-2) says, and how it becomes part of the lineage.
//
// Events may come twice and in any order: the newest facet of each name stays, a run has begun when the earliest START
// says so, and what ended it is not undone by what was sent before.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "storage/sql.h"

namespace slipway {

enum class RunEventType : std::uint8_t { kStart, kRunning, kComplete, kAbort, kFail, kOther };
std::string_view to_string(RunEventType type) noexcept;  // "START", …
std::optional<RunEventType> parse_run_event_type(std::string_view text) noexcept;

using Facets = std::vector<std::pair<std::string, std::string>>;  // name, JSON object; "": deleted

struct OpenLineageJob {
  std::string space;
  std::string name;
  Facets facets;
};

struct OpenLineageDataset {
  std::string space;
  std::string name;
  std::string version;  // of the facet "version"
  Facets facets;
  Facets use_facets;  // inputFacets or outputFacets: of this use of it
};

// A model version is a dataset "models/NAME" with a version in the namespace "slipway", in what Slipway tells and in
// what it is told. The model's name; "" where it is another dataset.
constexpr std::string_view kOpenLineageSpace = "slipway";
std::string_view model_of(const OpenLineageDataset& dataset) noexcept;

struct OpenLineageRun {
  std::string id;         // a UUID
  std::string parent_id;  // of the facet "parent"; "" for none
  Facets facets;
};

// A run event has a run and a job, a job event a job, a dataset event one dataset among `outputs` and no job.
struct OpenLineageEvent {
  WallTime time{};
  std::string producer;
  std::optional<RunEventType> type;
  std::optional<OpenLineageRun> run;
  std::optional<OpenLineageJob> job;
  std::vector<OpenLineageDataset> inputs;
  std::vector<OpenLineageDataset> outputs;
};

// The state of a run after events in any order.
struct RunState {
  RunEventType type = RunEventType::kOther;
  WallTime time{};  // of the event that gave `type`
  std::optional<WallTime> started_at;
  std::optional<WallTime> ended_at;
  bool operator==(const RunState&) const = default;
};
// Pure; commutative and idempotent but for events of the same time and different end. `before`: null for the first.
RunState merge_run_event(const std::optional<RunState>& before, RunEventType type, WallTime time) noexcept;

// Writes it into the lineage. A model version that the registry has is that version; one that it has not is a dataset
// like others. Errors: those of lineage_store.h.
Status apply(Transaction& t, const OpenLineageEvent& event);

// Facets by owner and name; those that an event deleted are left out.
Result<Facets> facets_of(Transaction& t, const std::string& owner);
Result<std::optional<RunState>> run_state_of(Transaction& t, const std::string& node_id);

}  // namespace slipway

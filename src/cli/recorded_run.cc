#include "cli/recorded_run.h"

#include <fmt/format.h>
#include <set>
#include <vector>

#include "cli/json_fields.h"
#include "cli/run_server.h"

namespace slipway::cli {
namespace {

// The nodes of the graph that are this version with these bytes: a draft may have been pushed anew.
std::set<std::string> nodes_of(const json::object& graph, const json::object& version) {
  std::set<std::string> ids;
  for (const json::value& item : array_at(graph, "nodes")) {
    const json::object& node = as_object(item);
    const bool is_it = text_at(node, "kind") == "version" && text_at(node, "name") == text_at(version, "model") &&
                       text_at(node, "version") == text_at(version, "version");
    const std::string digest = text_at(node, "digest");  // an OpenLineage event before the push knew none
    if (is_it && (digest.empty() || digest == text_at(version, "digest"))) ids.insert(text_at(node, "id"));
  }
  return ids;
}

std::vector<std::string> runs_before(const json::object& graph, const std::set<std::string>& versions) {
  std::set<std::string> sources;
  for (const json::value& item : array_at(graph, "edges")) {
    const json::object& edge = as_object(item);
    if (versions.contains(text_at(edge, "to"))) sources.insert(text_at(edge, "from"));
  }
  std::vector<std::string> runs;
  for (const json::value& item : array_at(graph, "nodes")) {
    const json::object& node = as_object(item);
    if (text_at(node, "kind") == "run" && sources.contains(text_at(node, "id"))) runs.push_back(text_at(node, "name"));
  }
  return runs;
}

Result<std::vector<std::string>> runs_of(Api& api, const ModelRef& ref) {
  SLIPWAY_TRY(const std::string shown, api.get(model_target(ref)));  // a version that is not there is another error
  SLIPWAY_TRY(const json::value version, parse_json(shown));
  const std::string subject = "version:" + ref.model + '@' + text_at(as_object(version), "version");
  const auto found =
      api.get(fmt::format("/api/v1/lineage/graph?subject={}&direction=up&depth=1", percent_encoded(subject)));
  if (!found && found.error().code == Code::kNotFound) return std::vector<std::string>();
  if (!found) return fail(found.error());
  SLIPWAY_TRY(const json::value graph, parse_json(*found));
  return runs_before(as_object(graph), nodes_of(as_object(graph), as_object(version)));
}

}  // namespace

Result<std::string> recorded_run_of(Api& api, const ModelRef& version) {
  const std::string name = version.model + '@' + version.version;
  SLIPWAY_TRY(const std::vector<std::string> runs, runs_of(api, version));
  std::vector<std::string> recorded;
  for (const std::string& run : runs) {
    const auto has = has_bundle(api, run);
    if (!has && has.error().code != Code::kNotFound) return fail(has.error());
    if (has && *has) recorded.push_back(run);  // one that is not here was told of by an OpenLineage event
  }
  if (recorded.size() == 1) return recorded.front();
  if (!recorded.empty()) {
    return fail(Code::kFailedPrecondition, "version.recorded_runs",
                fmt::format("{} came of several recorded runs; name one of them: {}", name, fmt::join(recorded, ", ")));
  }
  return fail(
      Code::kFailedPrecondition, "version.no_recorded_run",
      runs.empty()
          ? fmt::format("no run is known that {} came of; push with --run, or register it from its run", name)
          : fmt::format("{} came of {}, which was not recorded with slipway run record", name, fmt::join(runs, ", ")));
}

}  // namespace slipway::cli

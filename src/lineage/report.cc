#include "lineage/report.h"

#include "base/digest.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "lineage/graph.h"
#include "lineage/lineage_store.h"
#include "outbox/outbox.h"

namespace slipway {
namespace {

constexpr std::string_view kSpace = kOpenLineageSpace;
constexpr std::string_view kProducer = "urn:slipway:server";
constexpr std::string_view kSchema = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
constexpr std::string_view kVersionSchema =
    "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet";

// Model versions have no standard form in OpenLineage, so they are datasets with a version.
OpenLineageDataset as_dataset(const LineageNode& node) {
  if (node.kind == LineageKind::kVersion) return {std::string(kSpace), "models/" + node.name, node.version, {}, {}};
  return {node.space.empty() ? std::string(kSpace) : node.space, node.name, node.version, {}, {}};
}

void write_datasets(JsonWriter& json, std::string_view key, const std::vector<OpenLineageDataset>& datasets) {
  json.key(key).begin_array();
  for (const OpenLineageDataset& dataset : datasets) {
    json.begin_object().key("namespace").value(dataset.space).key("name").value(dataset.name);
    json.key("facets").begin_object();
    if (!dataset.version.empty()) {
      json.key("version").begin_object().key("_producer").value(kProducer).key("_schemaURL").value(kVersionSchema);
      json.key("datasetVersion").value(dataset.version).end_object();
    }
    json.end_object().end_object();
  }
  json.end_array();
}

Status send(Transaction& t, const OpenLineageEvent& event) {
  const std::string body = to_openlineage_json(event);
  SLIPWAY_CHECK(Outbox().add(t, {kOpenLineageTarget, "openlineage.run", body}));
  return {};
}

// A run of ours that begins and ends within the transaction.
Status send_whole_run(Transaction& t, std::string_view verb, const LineageNode& version, RunEventType end,
                      WallTime when, Random& random) {
  OpenLineageEvent event;
  event.time = when;
  event.run = OpenLineageRun{Id::make(system_clock(), random).to_string(), "", {}};
  event.job = OpenLineageJob{std::string(kSpace), std::string(verb) + '/' + version.name, {}};
  (verb == "register" ? event.outputs : event.inputs).push_back(as_dataset(version));
  for (const RunEventType type : {RunEventType::kStart, end}) {
    event.type = type;
    SLIPWAY_CHECK(send(t, event));
  }
  return {};
}

}  // namespace

std::string openlineage_run_id(std::string_view run_id) {
  std::string digits = LineageNode::run(run_id).name;
  const bool is_uuid = digits.size() == 32 && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_uuid) digits = sha256(digits).hex().substr(0, 32);
  for (const std::size_t dash : {20U, 16U, 12U, 8U}) digits.insert(dash, 1, '-');
  return digits;
}

std::string to_openlineage_json(const OpenLineageEvent& event) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  if (event.type) json.key("eventType").value(to_string(*event.type));
  json.key("eventTime").value(format_time(event.time)).key("producer").value(kProducer);
  json.key("schemaURL").value(kSchema);
  json.key("run").begin_object().key("runId").value(event.run->id).end_object();
  json.key("job").begin_object().key("namespace").value(event.job->space).key("name").value(event.job->name);
  json.end_object();
  write_datasets(json, "inputs", event.inputs);
  write_datasets(json, "outputs", event.outputs);
  json.end_object();
  return body;
}

Status report_run(Transaction& t, std::string_view run_id, std::string_view job, RunEventType type, WallTime when) {
  SLIPWAY_TRY(const bool is_heard, has_openlineage(t));
  if (!is_heard) return {};
  OpenLineageEvent event;
  event.time = when;
  event.type = type;
  event.run = OpenLineageRun{openlineage_run_id(run_id), "", {}};
  event.job = OpenLineageJob{std::string(kSpace), "train/" + std::string(job), {}};
  LineageWalk next;
  next.depth_max = 1;
  SLIPWAY_TRY(const LineageGraph graph, walk(t, {LineageNode::run(run_id)}, next));
  for (const FoundNode& found : graph.nodes) {
    const bool is_data = found.node.kind == LineageKind::kDataset || found.node.kind == LineageKind::kVersion;
    if (is_data) (found.depth < 0 ? event.inputs : event.outputs).push_back(as_dataset(found.node));
  }
  return send(t, event);
}

Status report_registered(Transaction& t, const LineageNode& version, bool is_valid, WallTime when, Random& random) {
  SLIPWAY_CHECK(LineageStore().add_node(t, version, when));
  SLIPWAY_TRY(const bool is_heard, has_openlineage(t));
  if (!is_heard) return {};
  SLIPWAY_CHECK(send_whole_run(t, "register", version, RunEventType::kComplete, when, random));
  return send_whole_run(t, "validate", version, is_valid ? RunEventType::kComplete : RunEventType::kFail, when, random);
}

Status report_released(Transaction& t, const LineageNode& version, WallTime when, Random& random) {
  SLIPWAY_CHECK(LineageStore().version_released(t, version, LineageNode::release(version.name, version.version), when));
  SLIPWAY_TRY(const bool is_heard, has_openlineage(t));
  if (!is_heard) return {};
  return send_whole_run(t, "release", version, RunEventType::kComplete, when, random);
}

}  // namespace slipway

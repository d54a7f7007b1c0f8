#include "protocol/lineage/openlineage_parse.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/id.h"
#include "lineage/lineage_store.h"
#include "registry/strict_json.h"

namespace slipway {
namespace {

constexpr std::string_view kReason = "lineage.invalid_event";

Result<std::string> text_of(JsonMembers& members, std::string_view key, std::size_t size_max = kLineageTextBytesMax) {
  SLIPWAY_TRY(const JsonValue value, members.require(key));
  SLIPWAY_TRY(const std::string_view text, value.text());
  if (text.empty() || text.size() > size_max || text.find('\0') != text.npos)
    return value.refuse("a text of 1 to " + std::to_string(size_max) + " bytes without NUL is expected");
  return std::string(text);
}

Result<std::string> uuid_of(JsonMembers& members, std::string_view key) {
  SLIPWAY_TRY(const JsonValue value, members.require(key));
  SLIPWAY_TRY(const std::string_view text, value.text());
  if (!Id::parse(text)) return value.refuse(quoted(text) + " is not a UUID");
  return std::string(text);
}

// RFC 3339. Java's clients give nine decimals, of which six are kept; Python's may give no zone, which is taken as UTC.
Result<WallTime> time_of(JsonMembers& members, std::string_view key) {
  SLIPWAY_TRY(const JsonValue value, members.require(key));
  SLIPWAY_TRY(const std::string_view text, value.text());
  std::string spelled(text.substr(0, 64));
  if (const std::size_t dot = spelled.find('.'); dot != std::string::npos) {
    const std::size_t end = std::min(spelled.find_first_not_of("0123456789", dot + 1), spelled.size());
    if (end > dot + 7 && end <= dot + 10) spelled.erase(dot + 7, end - dot - 7);
  }
  auto time = parse_time(spelled);
  if (!time) time = parse_time(spelled + 'Z');
  if (!time || spelled.find('T') == std::string::npos)
    return value.refuse(quoted(text) + " is not a time such as 2026-11-24T22:27:32Z");
  return *time;
}

// The object of one facet, with the members that every facet must have.
Result<JsonMembers> facet_members(const JsonValue& facet) {
  SLIPWAY_TRY(JsonMembers members, facet.object());
  SLIPWAY_CHECK(text_of(members, "_producer"));
  SLIPWAY_CHECK(text_of(members, "_schemaURL"));
  return members;
}

Result<std::string> facet_body(const JsonValue& facet) {
  SLIPWAY_TRY(JsonMembers members, facet_members(facet));
  if (const auto deleted = members.take("_deleted")) {
    bool is_deleted = false;
    if (deleted->element().get(is_deleted) != simdjson::SUCCESS) return deleted->refuse("true or false is expected");
    if (is_deleted) return std::string();
  }
  std::string body = simdjson::minify(facet.element());
  if (body.size() > kOpenLineageFacetBytesMax)
    return facet.refuse(std::to_string(body.size()) + " bytes; at most " + std::to_string(kOpenLineageFacetBytesMax) +
                        " are accepted");
  return body;
}

// `read` may look into each facet: (name, facet) -> Status.
template <typename Read>
Result<Facets> facets_of(JsonMembers& owner, std::string_view key, Read read) {
  Facets facets;
  const auto value = owner.take(key);
  if (!value || value->element().is_null()) return facets;
  SLIPWAY_TRY(JsonMembers members, value->object());
  if (members.size() > kOpenLineageFacetsMax)
    return value->refuse("more than " + std::to_string(kOpenLineageFacetsMax) + " facets");
  for (const auto& [name, facet] : members.take_all()) {
    if (name.size() > kLineageTextBytesMax || name.find('\0') != name.npos)
      return facet.refuse("the name of a facet is too long or has a NUL");
    SLIPWAY_TRY(std::string body, facet_body(facet));
    if (!body.empty()) SLIPWAY_CHECK(read(name, facet));
    facets.emplace_back(name, std::move(body));
  }
  return facets;
}

Status ignore(std::string_view, const JsonValue&) { return {}; }

Result<OpenLineageDataset> dataset_of(const JsonValue& value, std::string_view use_key) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  OpenLineageDataset dataset;
  SLIPWAY_TRY(dataset.space, text_of(members, "namespace"));
  SLIPWAY_TRY(dataset.name, text_of(members, "name"));
  SLIPWAY_TRY(dataset.facets,
              facets_of(members, "facets", [&](std::string_view name, const JsonValue& facet) -> Status {
                if (name != "version") return {};
                SLIPWAY_TRY(JsonMembers version, facet.object());
                SLIPWAY_TRY(dataset.version, text_of(version, "datasetVersion"));
                return {};
              }));
  if (use_key.empty()) return dataset;
  SLIPWAY_TRY(dataset.use_facets, facets_of(members, use_key, &ignore));
  return dataset;
}

Result<std::vector<OpenLineageDataset>> datasets_of(JsonMembers& members, std::string_view key,
                                                    std::string_view use_key) {
  std::vector<OpenLineageDataset> datasets;
  const auto value = members.take(key);
  if (!value || value->element().is_null()) return datasets;
  SLIPWAY_TRY(const auto values, value->array(kOpenLineageDatasetsMax));
  for (const JsonValue& one : values) {
    SLIPWAY_TRY(datasets.emplace_back(), dataset_of(one, use_key));
  }
  return datasets;
}

Result<OpenLineageJob> job_of(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  OpenLineageJob job;
  SLIPWAY_TRY(job.space, text_of(members, "namespace"));
  SLIPWAY_TRY(job.name, text_of(members, "name"));
  SLIPWAY_TRY(job.facets, facets_of(members, "facets", &ignore));
  return job;
}

Result<OpenLineageRun> run_of(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  OpenLineageRun run;
  SLIPWAY_TRY(run.id, uuid_of(members, "runId"));
  SLIPWAY_TRY(run.facets, facets_of(members, "facets", [&](std::string_view name, const JsonValue& facet) -> Status {
                if (name != "parent") return {};
                SLIPWAY_TRY(JsonMembers parent, facet.object());
                SLIPWAY_TRY(const JsonValue parent_run, parent.require("run"));
                SLIPWAY_TRY(JsonMembers parent_members, parent_run.object());
                SLIPWAY_TRY(run.parent_id, uuid_of(parent_members, "runId"));
                return {};
              }));
  return run;
}

Result<OpenLineageEvent> event_of(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  OpenLineageEvent event;
  SLIPWAY_TRY(event.time, time_of(members, "eventTime"));
  SLIPWAY_TRY(event.producer, text_of(members, "producer"));
  SLIPWAY_CHECK(text_of(members, "schemaURL"));
  if (const auto dataset = members.take("dataset")) {
    SLIPWAY_TRY(event.outputs.emplace_back(), dataset_of(*dataset, ""));
    return event;
  }
  SLIPWAY_TRY(const JsonValue job, members.require("job"));
  SLIPWAY_TRY(event.job, job_of(job));
  if (const auto run = members.take("run")) {
    SLIPWAY_TRY(event.run, run_of(*run));
  }
  if (const auto type = members.take("eventType"); type && !type->element().is_null()) {
    SLIPWAY_TRY(const std::string_view name, type->text());
    event.type = parse_run_event_type(name);
    if (!event.type)
      return type->refuse(quoted(name) + " found; START, RUNNING, COMPLETE, ABORT, FAIL and OTHER are accepted");
    if (!event.run) return type->refuse("an event without a run has no type");
  }
  SLIPWAY_TRY(event.inputs, datasets_of(members, "inputs", "inputFacets"));
  SLIPWAY_TRY(event.outputs, datasets_of(members, "outputs", "outputFacets"));
  return event;
}

}  // namespace

Result<OpenLineageEvent> parse_openlineage_event(std::string_view json) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(json, kOpenLineageEventBytesMax, kReason));
  return event_of(document.root());
}

Result<std::vector<Result<OpenLineageEvent>>> parse_openlineage_batch(std::string_view json) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(json, kOpenLineageBatchBytesMax, kReason));
  SLIPWAY_TRY(const auto values, document.root().array(kOpenLineageBatchEventsMax));
  std::vector<Result<OpenLineageEvent>> events;
  for (const JsonValue& value : values) events.push_back(event_of(value));
  return events;
}

}  // namespace slipway

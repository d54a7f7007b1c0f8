#include "protocol/lineage/openlineage_parse.h"

#include <gmock/gmock.h>

namespace slipway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The spec's own example (RunEvent), with a facet of each kind.
constexpr std::string_view kEvent = R"({
  "eventType": "START", "eventTime": "2020-12-28T19:52:00.001+10:00",
  "producer": "https://github.com/OpenLineage/OpenLineage/tree/0.5.0/client",
  "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
  "run": {"runId": "d46e465b-d358-4d32-83d4-df660ff614dd", "facets": {"parent": {
    "_producer": "p", "_schemaURL": "s",
    "job": {"namespace": "n", "name": "outer"}, "run": {"runId": "01890163-8694-739b-aea5-966c26f8ad91"}}}},
  "job": {"namespace": "workshop", "name": "process_taxes", "facets": {"sql": {
    "_producer": "p", "_schemaURL": "s", "query": "SELECT 1"}}},
  "inputs": [{"namespace": "postgres://workshop-db:None", "name": "workshop.public.taxes", "facets": {
    "version": {"_producer": "p", "_schemaURL": "s", "datasetVersion": "v7"},
    "schema": {"_producer": "p", "_schemaURL": "s", "_deleted": true}},
    "inputFacets": {"rows": {"_producer": "p", "_schemaURL": "s", "rowCount": 3}}}],
  "outputs": [{"namespace": "ns", "name": "out"}],
  "aMemberOfALaterSpec": [1]
})";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kEvent);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string refusal(std::string_view json) {
  const auto event = parse_openlineage_event(json);
  if (event) return "accepted";
  EXPECT_EQ(event.error().reason, "lineage.invalid_event");
  return event.error().message;
}

TEST(OpenLineageParse, ReadsARunEvent) {
  const auto parsed = parse_openlineage_event(kEvent);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(format_time(parsed->time), "2020-12-28T09:52:00.001000Z");
  EXPECT_EQ(parsed->type, RunEventType::kStart);
  EXPECT_EQ(parsed->run->id, "d46e465b-d358-4d32-83d4-df660ff614dd");
  EXPECT_EQ(parsed->run->parent_id, "01890163-8694-739b-aea5-966c26f8ad91");
  EXPECT_EQ(parsed->job->space, "workshop");
  EXPECT_EQ(parsed->job->name, "process_taxes");
  EXPECT_EQ(parsed->job->facets, (Facets{{"sql", R"({"_producer":"p","_schemaURL":"s","query":"SELECT 1"})"}}));
  ASSERT_EQ(parsed->inputs.size(), 1U);
  EXPECT_EQ(parsed->inputs[0].version, "v7");
  ASSERT_EQ(parsed->inputs[0].facets.size(), 2U);
  EXPECT_EQ(parsed->inputs[0].facets[1], (std::pair<std::string, std::string>{"schema", ""})) << "deleted";
  EXPECT_EQ(parsed->inputs[0].use_facets[0].first, "rows");
  EXPECT_EQ(parsed->outputs[0].name, "out");
  EXPECT_EQ(parsed->outputs[0].version, "");
}

TEST(OpenLineageParse, ReadsTimesAsClientsSpellThem) {
  const auto time = [](std::string_view spelled) {
    const auto event = parse_openlineage_event(with("2020-12-28T19:52:00.001+10:00", spelled));
    return event ? format_time(event->time) : event.error().message;
  };
  EXPECT_EQ(time("2020-12-28T19:52:00Z"), "2020-12-28T19:52:00.000000Z");
  EXPECT_EQ(time("2020-12-28T19:52:00.123456789Z"), "2020-12-28T19:52:00.123456Z");
  EXPECT_EQ(time("2020-12-28T19:52:00.1234567+01:00"), "2020-12-28T18:52:00.123456Z");
  EXPECT_EQ(time("2020-12-28T19:52:00.5"), "2020-12-28T19:52:00.500000Z") << "Python's datetime.now().isoformat()";
  for (const char* wrong : {"2020-12-28", "yesterday", "2020-12-28T25:00:00Z", "2020-12-28T19:52:00.1234567890Z", ""}) {
    EXPECT_THAT(time(wrong), StartsWith("eventTime: ")) << wrong;
  }
}

TEST(OpenLineageParse, ReadsEventsWithoutARun) {
  const auto job = parse_openlineage_event(
      R"({"eventTime":"2026-01-01T00:00:00Z","producer":"p","schemaURL":"s","job":{"namespace":"n","name":"j"},
          "inputs":[{"namespace":"n","name":"d"}]})");
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_FALSE(job->run);
  EXPECT_EQ(job->inputs.size(), 1U);
  const auto dataset = parse_openlineage_event(
      R"({"eventTime":"2026-01-01T00:00:00Z","producer":"p","schemaURL":"s","dataset":{"namespace":"n","name":"d"}})");
  ASSERT_TRUE(dataset) << dataset.error().message;
  EXPECT_FALSE(dataset->job);
  ASSERT_EQ(dataset->outputs.size(), 1U);
}

TEST(OpenLineageParse, SaysWhereItIsWrong) {
  EXPECT_THAT(refusal("not json"), HasSubstr("not JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("an object is expected"));
  EXPECT_THAT(refusal("{}"), HasSubstr("\"eventTime\" is missing"));
  EXPECT_THAT(refusal(with(R"("producer": "https:)", R"("producr": "https:)")), HasSubstr("\"producer\" is missing"));
  EXPECT_THAT(refusal(with(R"("START")", R"("BEGIN")")), StartsWith("eventType: "));
  EXPECT_THAT(refusal(with("d46e465b-d358-4d32-83d4-df660ff614dd", "7")), StartsWith("run.runId: "));
  EXPECT_THAT(refusal(with("01890163-8694-739b-aea5-966c26f8ad91", "7")), StartsWith("run.facets.parent.run.runId: "));
  EXPECT_THAT(refusal(with(R"("name": "process_taxes")", R"("name": 7)")), StartsWith("job.name: "));
  EXPECT_THAT(refusal(with(R"("name": "process_taxes")", R"("name": "")")), StartsWith("job.name: "));
  EXPECT_THAT(refusal(with(R"("name": "process_taxes")", R"("name": "a\u0000b")")), StartsWith("job.name: "));
  EXPECT_THAT(refusal(with(R"("outputs": [)", R"("outputs": [7, )")), StartsWith("outputs[0]: "));
  EXPECT_THAT(refusal(with(R"("name": "out")", R"("nam": "out")")), StartsWith("outputs[0]: "));
  EXPECT_THAT(refusal(with(R"("datasetVersion": "v7")", R"("datasetVersion": 7)")),
              StartsWith("inputs[0].facets.version.datasetVersion: "));
  EXPECT_THAT(refusal(with(R"({"_producer": "p", "_schemaURL": "s", "rowCount": 3})", "3")),
              StartsWith("inputs[0].inputFacets.rows: "));
  EXPECT_THAT(refusal(with(R"("_producer": "p", "_schemaURL": "s", "rowCount")", R"("_schemaURL": "s", "rowCount")")),
              HasSubstr("inputs[0].inputFacets.rows"));
  EXPECT_THAT(refusal(with(R"("inputs": [)", R"("inputs": {}, "x": [)")), StartsWith("inputs: "));
  EXPECT_THAT(refusal(with(R"("outputs": [)", R"("inputs": [], "outputs": [)")), HasSubstr("twice"));
}

TEST(OpenLineageParse, RefusesWhatIsTooMuch) {
  EXPECT_THAT(refusal(std::string(kOpenLineageEventBytesMax + 1, ' ')), HasSubstr("at most"));
  std::string many;
  for (std::size_t i = 0; i <= kOpenLineageDatasetsMax; ++i) many += R"({"namespace":"n","name":"d"},)";
  EXPECT_THAT(refusal(with(R"("outputs": [)", R"("outputs": [)" + many)), StartsWith("outputs: more than 1000"));
  std::string facets;
  for (std::size_t i = 0; i <= kOpenLineageFacetsMax; ++i)
    facets += "\"f" + std::to_string(i) + R"(": {"_producer":"p","_schemaURL":"s"},)";
  EXPECT_THAT(refusal(with(R"("facets": {"sql")", "\"facets\": {" + facets + R"("sql")")), StartsWith("job.facets: "));
  const std::string large(kOpenLineageFacetBytesMax, 'x');
  EXPECT_THAT(refusal(with("SELECT 1", large)), StartsWith("job.facets.sql: "));
  EXPECT_THAT(refusal(with("process_taxes", std::string(3'000, 'x'))), StartsWith("job.name: "));
  EXPECT_THAT(refusal(std::string(5'000, '[')), HasSubstr("not JSON")) << "nested too deeply";
}

TEST(OpenLineageParse, ABadEventSpoilsNoOther) {
  const auto batch = parse_openlineage_batch("[" + std::string(kEvent) + ", {}, " + std::string(kEvent) + "]");
  ASSERT_TRUE(batch) << batch.error().message;
  ASSERT_EQ(batch->size(), 3U);
  EXPECT_TRUE((*batch)[0]);
  EXPECT_THAT((*batch)[1].error().message, StartsWith("[1]: "));
  EXPECT_TRUE((*batch)[2]);
  EXPECT_FALSE(parse_openlineage_batch("{}"));
}

}  // namespace
}  // namespace slipway

#include "lineage/report.h"

#include "lineage/graph.h"
#include "lineage/lineage_store.h"
#include "outbox/outbox.h"
#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

const WallTime kTime{std::chrono::seconds{1'795'000'000}};
const LineageNode kVersion = LineageNode::model_version("iris", "1.0.0", "abcd");

TEST(Report, GivesRunsTheIdsThatOpenLineageNeeds) {
  EXPECT_EQ(openlineage_run_id("0190163d8694739baea5966c26f8ad91"), "0190163d-8694-739b-aea5-966c26f8ad91");
  EXPECT_EQ(openlineage_run_id("0190163D-8694-739B-AEA5-966C26F8AD91"), "0190163d-8694-739b-aea5-966c26f8ad91");
  // printf nightly | sha256sum
  EXPECT_EQ(openlineage_run_id("nightly"), "2a3b62b5-3ddb-9f16-7b63-d22202a36081");
}

class ReportTest : public DatabaseTestCase {
 protected:
  void SetUp() override {
    DatabaseTestCase::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) database_ = open();
  }
  void TearDown() override {
    database_.reset();
    DatabaseTestCase::TearDown();
  }
  void write(const std::function<Status(Transaction&)>& body) {
    const Status status = database_->write(body);
    ASSERT_TRUE(status) << status.error().message;
  }
  // Bodies of what waits for the OpenLineage server, oldest first.
  std::vector<std::string> sent() {
    std::vector<std::string> bodies;
    const Status status = database_->read([&](Transaction& t) -> Status {
      SLIPWAY_TRY(const auto rows, t.query("SELECT body FROM outbox WHERE target = 'openlineage' ORDER BY id"));
      for (const Row& row : rows) bodies.push_back(row.text(0));
      return {};
    });
    EXPECT_TRUE(status);
    return bodies;
  }
  std::unique_ptr<Database> database_;
};

TEST_P(ReportTest, SendsNothingWhereNobodyListens) {
  write([&](Transaction& t) -> Status {
    SLIPWAY_CHECK(report_run(t, "1", "iris", RunEventType::kStart, kTime));
    SLIPWAY_CHECK(report_registered(t, kVersion, true, kTime));
    return report_released(t, kVersion, kTime);
  });
  EXPECT_TRUE(sent().empty());
  const Status status = database_->read([&](Transaction& t) -> Status {
    SLIPWAY_TRY(const LineageGraph graph, walk(t, {kVersion}, LineageWalk{}));
    EXPECT_EQ(graph.nodes.size(), 2U) << "the lineage knows of the release all the same";
    return {};
  });
  EXPECT_TRUE(status);
}

TEST_P(ReportTest, ARunNamesWhatItUsedAndProduced) {
  write([&](Transaction& t) -> Status {
    SLIPWAY_CHECK(set_openlineage(t, true));
    const LineageStore lineage;
    SLIPWAY_CHECK(
        lineage.run_used_dataset(t, "0190163d8694739baea5966c26f8ad91", LineageNode::dataset("", "iris", "d1"), kTime));
    SLIPWAY_CHECK(lineage.run_produced_version(t, "0190163d8694739baea5966c26f8ad91", kVersion, kTime));
    return report_run(t, "0190163d8694739baea5966c26f8ad91", "flowers", RunEventType::kComplete, kTime);
  });
  ASSERT_EQ(sent().size(), 1U);
  const std::string facet =
      R"({"_producer":"urn:slipway:server","_schemaURL":"https://openlineage.io/spec/facets/1-0-1/)"
      R"(DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet","datasetVersion":)";
  EXPECT_EQ(sent()[0],
            R"({"eventType":"COMPLETE","eventTime":"2026-11-18T11:06:40.000000Z","producer":"urn:slipway:server",)"
            R"("schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",)"
            R"("run":{"runId":"0190163d-8694-739b-aea5-966c26f8ad91"},)"
            R"("job":{"namespace":"slipway","name":"train/flowers"},)"
            R"("inputs":[{"namespace":"slipway","name":"iris","facets":{"version":)" +
                facet + R"("d1"}}}],"outputs":[{"namespace":"slipway","name":"models/iris","facets":{"version":)" +
                facet + R"("1.0.0"}}}]})");
}

TEST_P(ReportTest, AVersionIsValidatedRegisteredAndReleased) {
  write([&](Transaction& t) -> Status {
    SLIPWAY_CHECK(set_openlineage(t, true));
    SLIPWAY_CHECK(report_registered(t, kVersion, false, kTime));
    return report_released(t, kVersion, kTime);
  });
  std::vector<std::string> told;
  for (const std::string& body : sent()) {
    const auto member = [&](const std::string& key) {
      const std::size_t at = body.find('"' + key + "\":\"") + key.size() + 4;
      return body.substr(at, body.find('"', at) - at);
    };
    told.push_back(member("eventType") + ' ' + body.substr(body.find(R"("name":")") + 8, 10));
  }
  EXPECT_EQ(told, (std::vector<std::string>{"START register/i", "COMPLETE register/i", "START validate/i",
                                            "FAIL validate/i", "START release/ir", "COMPLETE release/ir"}));
}

INSTANTIATE_TEST_SUITE_P(Databases, ReportTest, every_database(), database_name);

}  // namespace
}  // namespace slipway

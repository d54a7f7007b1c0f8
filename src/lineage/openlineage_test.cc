#include "lineage/openlineage.h"

#include <algorithm>

#include "lineage/graph.h"
#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

using std::chrono::seconds;

const WallTime kTime{std::chrono::hours{24 * 20'000}};
constexpr const char* kRunId = "d46e465b-d358-4d32-83d4-df660ff614dd";

TEST(RunState, IsTheSameInWhateverOrderTheEventsCome) {
  const std::vector<std::pair<RunEventType, int>> events = {
      {RunEventType::kStart, 1}, {RunEventType::kRunning, 2}, {RunEventType::kComplete, 4}, {RunEventType::kOther, 5}};
  const RunState expected{RunEventType::kComplete, kTime + seconds{4}, kTime + seconds{1}, kTime + seconds{4}};
  std::vector<int> order = {0, 1, 2, 3};
  do {
    std::optional<RunState> state;
    for (const int i : order) {
      const auto& [type, second] = events[static_cast<std::size_t>(i)];
      state = merge_run_event(state, type, kTime + seconds{second});
      state = merge_run_event(state, type, kTime + seconds{second});  // twice
    }
    EXPECT_EQ(state, expected);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(RunState, TheLatestEndCounts) {
  auto state = merge_run_event(std::nullopt, RunEventType::kComplete, kTime);
  state = merge_run_event(state, RunEventType::kFail, kTime + seconds{1});
  state = merge_run_event(state, RunEventType::kAbort, kTime - seconds{1});
  EXPECT_EQ(state.type, RunEventType::kFail);
  EXPECT_EQ(state.ended_at, kTime + seconds{1});
  EXPECT_EQ(state.started_at, std::nullopt);
}

class OpenLineageTest : public DatabaseTestCase {
 protected:
  static OpenLineageEvent event(RunEventType type, seconds after = seconds{0}) {
    OpenLineageEvent made;
    made.time = kTime + after;
    made.type = type;
    made.run = OpenLineageRun{kRunId, "", {}};
    made.job = OpenLineageJob{"etl", "clean", {}};
    return made;
  }
  void keep(const OpenLineageEvent& one) {
    const Status status = database_->write([&](Transaction& t) { return apply(t, one); });
    ASSERT_TRUE(status) << status.error().message;
  }
  template <typename T>
  T read(const std::function<Result<T>(Transaction&)>& body) {
    std::optional<T> value;
    const Status status = database_->read([&](Transaction& t) -> Status {
      SLIPWAY_TRY(value, body(t));
      return {};
    });
    EXPECT_TRUE(status) << status.error().message;
    return std::move(value).value_or(T{});
  }
  void SetUp() override {
    DatabaseTestCase::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) database_ = open();
  }
  void TearDown() override {
    database_.reset();
    DatabaseTestCase::TearDown();
  }
  std::unique_ptr<Database> database_;
};

TEST_P(OpenLineageTest, ConnectsJobRunAndDatasets) {
  OpenLineageEvent one = event(RunEventType::kStart);
  one.run->parent_id = "01890163-8694-739b-aea5-966c26f8ad91";
  one.inputs = {{"s3", "raw", "v1", {{"schema", "{\"a\":1}"}}, {{"rows", "{\"b\":2}"}}}};
  keep(one);
  OpenLineageEvent two = event(RunEventType::kComplete, seconds{5});
  two.outputs = {{"s3", "clean", "", {}, {}}};
  keep(two);
  keep(one);
  const LineageNode run = LineageNode::run(kRunId);
  const auto graph = read<LineageGraph>([&](Transaction& t) { return walk(t, {run}, LineageWalk{}); });
  std::vector<std::string> found;
  for (const FoundNode& node : graph.nodes)
    found.push_back(std::string(to_string(node.node.kind)) + ' ' + node.node.name + ' ' + std::to_string(node.depth));
  std::ranges::sort(found);
  EXPECT_EQ(found, (std::vector<std::string>{"dataset clean 1", "dataset raw -1", "job clean -1",
                                             "run 018901638694739baea5966c26f8ad91 -1",
                                             "run d46e465bd3584d3283d4df660ff614dd 0"}));
  EXPECT_EQ(graph.edges.size(), 4U);
  const auto state = read<std::optional<RunState>>([&](Transaction& t) { return run_state_of(t, run.id()); });
  EXPECT_EQ(state, (RunState{RunEventType::kComplete, kTime + seconds{5}, kTime, kTime + seconds{5}}));
  const LineageNode raw = LineageNode::dataset("s3", "raw", "v1");
  EXPECT_EQ(read<Facets>([&](Transaction& t) { return facets_of(t, raw.id()); }), (Facets{{"schema", "{\"a\":1}"}}));
  EXPECT_EQ(read<Facets>([&](Transaction& t) { return facets_of(t, run.id() + ':' + raw.id()); }),
            (Facets{{"rows", "{\"b\":2}"}}));
}

TEST_P(OpenLineageTest, TheNewestFacetStays) {
  const auto with_facet = [](std::string body, seconds after) {
    OpenLineageEvent made = event(RunEventType::kRunning, after);
    made.run->facets = {{"progress", std::move(body)}};
    return made;
  };
  const auto facets = [&] {
    return read<Facets>([&](Transaction& t) { return facets_of(t, LineageNode::run(kRunId).id()); });
  };
  keep(with_facet("{\"p\":2}", seconds{2}));
  keep(with_facet("{\"p\":1}", seconds{1}));
  EXPECT_EQ(facets(), (Facets{{"progress", "{\"p\":2}"}}));
  keep(with_facet("", seconds{3}));
  EXPECT_EQ(facets(), Facets{}) << "deleted";
  keep(with_facet("{\"p\":2}", seconds{2}));
  EXPECT_EQ(facets(), Facets{}) << "an old event does not bring it back";
}

TEST_P(OpenLineageTest, ConnectsTheDatasetsOfAJobWithoutRuns) {
  OpenLineageEvent one = event(RunEventType::kOther);
  one.run.reset();
  one.type.reset();
  one.inputs = {{"s3", "raw", "", {}, {}}};
  one.outputs = {{"s3", "clean", "", {}, {}}};
  keep(one);
  const auto graph = read<LineageGraph>(
      [&](Transaction& t) { return walk(t, {LineageNode::dataset("s3", "raw", "")}, LineageWalk{}); });
  EXPECT_EQ(graph.nodes.size(), 3U);
}

TEST_P(OpenLineageTest, KeepsAnEventThatIsRefusedOutWhole) {
  OpenLineageEvent one = event(RunEventType::kStart);
  one.outputs = {{"s3", std::string(5'000, 'x'), "", {}, {}}};
  EXPECT_FALSE(database_->write([&](Transaction& t) { return apply(t, one); }));
  EXPECT_EQ(
      read<std::optional<RunState>>([&](Transaction& t) { return run_state_of(t, LineageNode::run(kRunId).id()); }),
      std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Databases, OpenLineageTest, every_database(), database_name);

}  // namespace
}  // namespace slipway

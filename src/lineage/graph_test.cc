#include "lineage/graph.h"

#include <algorithm>
#include <chrono>

#include "lineage/lineage_store.h"
#include "lineage/subject.h"
#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

const WallTime kTime{std::chrono::hours{24 * 20'000}};

class GraphTest : public DatabaseTestCase {
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
  LineageGraph walk_from(const std::vector<LineageNode>& roots, LineageWalk wanted = {}) {
    LineageGraph graph;
    const Status status = database_->read([&](Transaction& t) -> Status {
      SLIPWAY_TRY(graph, walk(t, roots, wanted));
      return {};
    });
    EXPECT_TRUE(status) << status.error().message;
    return graph;
  }
  std::vector<LineageNode> find(std::string_view text) {
    std::vector<LineageNode> found;
    const Status status = database_->read([&](Transaction& t) -> Status {
      SLIPWAY_TRY(const LineageSubject subject, parse_lineage_subject(text));
      SLIPWAY_TRY(found, find_lineage_nodes(t, subject));
      return {};
    });
    EXPECT_TRUE(status) << status.error().message;
    return found;
  }
  static LineageWalk towards(LineageDirection direction) {
    LineageWalk wanted;
    wanted.direction = direction;
    return wanted;
  }
  // "name depth", sorted.
  static std::vector<std::string> names(const LineageGraph& graph) {
    std::vector<std::string> all;
    for (const FoundNode& found : graph.nodes) all.push_back(found.node.name + ' ' + std::to_string(found.depth));
    std::ranges::sort(all);
    return all;
  }
  // raw -> run 1 -> clean -> run 2 -> model -> release, and a second dataset into run 2.
  void write_pipeline() {
    write([&](Transaction& t) -> Status {
      SLIPWAY_CHECK(lineage_.run_used_dataset(t, "1", kRaw, kTime));
      SLIPWAY_CHECK(lineage_.run_produced_dataset(t, "1", kClean, kTime));
      SLIPWAY_CHECK(lineage_.run_used_dataset(t, "2", kClean, kTime));
      SLIPWAY_CHECK(lineage_.run_used_dataset(t, "2", kOther, kTime));
      SLIPWAY_CHECK(lineage_.run_produced_version(t, "2", kVersion, kTime));
      return lineage_.version_released(t, kVersion, LineageNode::release("iris", "r1"), kTime);
    });
  }

  const LineageNode kRaw = LineageNode::dataset("s3://b", "raw", "d1");
  const LineageNode kClean = LineageNode::dataset("s3://b", "clean", "sha256:d2");
  const LineageNode kOther = LineageNode::dataset("s3://b", "other", "");
  const LineageNode kVersion = LineageNode::model_version("iris", "1.0.0", "abcd");
  LineageStore lineage_;
  std::unique_ptr<Database> database_;
};

TEST_P(GraphTest, WalksBothWays) {
  write_pipeline();
  const LineageGraph up = walk_from({kVersion}, towards(LineageDirection::kUp));
  EXPECT_EQ(names(up), (std::vector<std::string>{"1 -3", "2 -1", "clean -2", "iris 0", "other -2", "raw -4"}));
  EXPECT_EQ(up.edges.size(), 5U);
  EXPECT_FALSE(up.is_truncated);
  const LineageGraph down = walk_from({kRaw}, towards(LineageDirection::kDown));
  EXPECT_EQ(names(down), (std::vector<std::string>{"1 1", "2 3", "clean 2", "iris 4", "r1 5", "raw 0"}));
  const LineageGraph both = walk_from({kClean}, towards(LineageDirection::kBoth));
  EXPECT_EQ(names(both), (std::vector<std::string>{"1 -1", "2 1", "clean 0", "iris 2", "r1 3", "raw -2"}));
  EXPECT_EQ(both.nodes[0].node, kClean);
}

TEST_P(GraphTest, TellingTwiceChangesNothing) {
  write_pipeline();
  write_pipeline();
  EXPECT_EQ(walk_from({kVersion}).edges.size(), 6U);
}

TEST_P(GraphTest, GoesAsDeepAsAsked) {
  write_pipeline();
  LineageWalk wanted = towards(LineageDirection::kUp);
  wanted.depth_max = 2;
  const LineageGraph graph = walk_from({kVersion}, wanted);
  EXPECT_EQ(names(graph), (std::vector<std::string>{"2 -1", "clean -2", "iris 0", "other -2"}));
  EXPECT_FALSE(graph.is_truncated) << "nothing is cut off that was asked for";
}

TEST_P(GraphTest, EndsOnCycles) {
  write([&](Transaction& t) -> Status {
    SLIPWAY_CHECK(lineage_.run_used_dataset(t, "1", kRaw, kTime));
    SLIPWAY_CHECK(lineage_.run_produced_dataset(t, "1", kRaw, kTime));
    SLIPWAY_CHECK(lineage_.run_started_run(t, "1", "2", kTime));
    SLIPWAY_CHECK(lineage_.run_started_run(t, "2", "1", kTime));
    return lineage_.run_started_run(t, "2", "2", kTime);
  });
  LineageWalk wanted;
  wanted.depth_max = kLineageDepthMax;
  const LineageGraph graph = walk_from({kRaw}, wanted);
  EXPECT_EQ(graph.nodes.size(), 3U);
  EXPECT_EQ(graph.edges.size(), 5U);
}

TEST_P(GraphTest, DoesNotGoThroughWhatMayNotBeSeen) {
  write_pipeline();
  LineageWalk wanted = towards(LineageDirection::kDown);
  wanted.may_see = [](const LineageNode& node) { return node.kind != LineageKind::kVersion; };
  EXPECT_EQ(names(walk_from({kClean}, wanted)), (std::vector<std::string>{"2 1", "clean 0"}));
  EXPECT_TRUE(walk_from({kVersion}, wanted).nodes.empty());
}

TEST_P(GraphTest, SaysThatItIsCutOff) {
  write([&](Transaction& t) -> Status {
    for (int i = 0; i < 300; ++i) SLIPWAY_CHECK(lineage_.run_used_dataset(t, std::to_string(i), kRaw, kTime));
    return {};
  });
  LineageWalk wanted = towards(LineageDirection::kDown);
  wanted.nodes_max = 100;
  const LineageGraph cut = walk_from({kRaw}, wanted);
  EXPECT_EQ(cut.nodes.size(), 100U);
  EXPECT_TRUE(cut.is_truncated);
  wanted.nodes_max = 301;
  const LineageGraph whole = walk_from({kRaw}, wanted);
  EXPECT_EQ(whole.nodes.size(), 301U);
  EXPECT_FALSE(whole.is_truncated);
}

TEST_P(GraphTest, FindsWhatPeopleType) {
  write_pipeline();
  write([&](Transaction& t) -> Status {
    SLIPWAY_CHECK(lineage_.run_used_dataset(t, "0190163d-8694-739b-aea5-966c26f8ad91",
                                            LineageNode::dataset("file", "raw", "d9"), kTime));
    return lineage_.add_edge(t, LineageNode::job("etl", "clean it"), LineageNode::run("1"), LineageRelation::kRan,
                             kTime);
  });
  using Nodes = std::vector<LineageNode>;
  EXPECT_EQ(find("iris@1.0.0"), Nodes{kVersion});
  EXPECT_EQ(find("iris@2.0.0"), Nodes{});
  EXPECT_EQ(find("abcd"), Nodes{kVersion});
  EXPECT_EQ(find("iris@r1"), Nodes{LineageNode::release("iris", "r1")});
  EXPECT_EQ(find("release:iris@r1"), Nodes{LineageNode::release("iris", "r1")});
  EXPECT_EQ(find("run:1"), Nodes{LineageNode::run("1")});
  EXPECT_EQ(find("0190163d8694739baea5966c26f8ad91").size(), 1U);
  EXPECT_EQ(find("0190163D-8694-739b-aea5-966c26f8ad91").size(), 1U);
  EXPECT_EQ(find("raw").size(), 2U);
  EXPECT_EQ(find("run:raw").size(), 0U);
  EXPECT_EQ(find("d1"), Nodes{kRaw});
  EXPECT_EQ(find("sha256:d1"), Nodes{kRaw});
  EXPECT_EQ(find("dataset:d2"), Nodes{kClean});
  EXPECT_EQ(find("sha256:d2"), Nodes{kClean});
  EXPECT_EQ(find("job:clean it"), Nodes{LineageNode::job("etl", "clean it")});
  EXPECT_EQ(find("prediction:d1"), Nodes{});
  EXPECT_EQ(find("dataset:"), Nodes{});
}

TEST(LineageSubject, RefusesWhatNoNodeIsCalled) {
  for (const std::string& text :
       {std::string(), std::string(3'000, 'x'), std::string("a\0b", 3), std::string("\xFF")}) {
    const auto subject = parse_lineage_subject(text);
    ASSERT_FALSE(subject);
    EXPECT_EQ(subject.error().reason, "lineage.invalid_subject");
  }
}

TEST_P(GraphTest, RefusesNodesThatCannotBeKept) {
  for (const LineageNode& node :
       {LineageNode::dataset("", "", "1"), LineageNode::dataset("", std::string(3'000, 'x'), ""),
        LineageNode::dataset("\xFF", "a", ""), LineageNode::dataset("", "a", std::string("\0", 1))}) {
    const Status status = database_->write([&](Transaction& t) { return lineage_.add_node(t, node, kTime); });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, "lineage.invalid_node");
  }
}

// A hundred thousand edges: 20 generations of 50 datasets, each made by a run from all of the generation before, and
// 3,000 runs that used 20 of the first.
TEST_P(GraphTest, IsQuickInALargeGraph) {
  std::vector<SqlArguments> nodes;
  std::vector<SqlArguments> edges;
  const auto add_node = [&](const LineageNode& node) {
    nodes.push_back({node.id(), std::string(to_string(node.kind)), node.space, node.name, node.version, node.digest,
                     std::int64_t{0}});
  };
  const auto dataset = [](int generation, int i) {
    return LineageNode::dataset("s", std::to_string(generation) + '.' + std::to_string(i), "");
  };
  const auto run = [](int generation, int i) {
    return LineageNode::run("run" + std::to_string(generation) + '.' + std::to_string(i));
  };
  for (int generation = 0; generation < 20; ++generation) {
    for (int i = 0; i < 50; ++i) {
      add_node(dataset(generation, i));
      if (generation == 0) continue;
      add_node(run(generation, i));
      edges.push_back({run(generation, i).id(), dataset(generation, i).id(), "produced", std::int64_t{0}});
      for (int j = 0; j < 50; ++j)
        edges.push_back({dataset(generation - 1, j).id(), run(generation, i).id(), "used", std::int64_t{0}});
    }
  }
  for (int i = 0; i < 3'000; ++i) {
    add_node(run(99, i));
    for (int j = 0; j < 20; ++j) edges.push_back({dataset(0, j).id(), run(99, i).id(), "used", std::int64_t{0}});
  }
  write([&](Transaction& t) -> Status {
    SLIPWAY_CHECK(t.execute_batch("INSERT INTO lineage_nodes VALUES ($1, $2, $3, $4, $5, $6, $7)", nodes));
    return t.execute_batch("INSERT INTO lineage_edges VALUES ($1, $2, $3, $4)", edges);
  });
  ASSERT_GE(edges.size(), 100'000U);
  LineageWalk wanted = towards(LineageDirection::kUp);
  wanted.depth_max = kLineageDepthMax;
  wanted.nodes_max = kLineageNodesMax;
  const auto timed = [&](const LineageNode& root) {
    const auto start = std::chrono::steady_clock::now();
    LineageGraph graph = walk_from({root}, wanted);
    const auto took = std::chrono::steady_clock::now() - start;
    RecordProperty("milliseconds",
                   static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
    return graph;
  };
  const LineageGraph up = timed(dataset(19, 0));
  EXPECT_TRUE(up.is_truncated) << "its edges are more than the walk may read";
  EXPECT_LE(up.edges.size(), kLineageNodesMax * kLineageEdgesPerNode);
  wanted.direction = LineageDirection::kDown;
  const LineageGraph down = timed(dataset(0, 0));
  EXPECT_EQ(down.nodes.size(), kLineageNodesMax);
  EXPECT_TRUE(down.is_truncated);
}

INSTANTIATE_TEST_SUITE_P(Databases, GraphTest, every_database(), database_name);

}  // namespace
}  // namespace slipway

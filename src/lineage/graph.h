// Walks from things to what they came from, or to what came of them.
//
// Breadth first, each node once, so cycles end; a statement for every 64 nodes of a level, answered from an index. What
// a walk reads is bounded by its limits, whatever the size of the graph.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lineage/node.h"
#include "storage/sql.h"

namespace slipway {

enum class LineageDirection : std::uint8_t { kUp, kDown, kBoth };

struct LineageEdge {
  std::string source;  // ids of nodes
  std::string target;
  LineageRelation relation = LineageRelation::kUsed;
  WallTime created_at{};
  bool operator==(const LineageEdge&) const = default;
};

struct FoundNode {
  LineageNode node;
  std::string id;
  std::int64_t depth = 0;  // edges from the nearest root: negative upstream
};

struct LineageGraph {
  std::vector<FoundNode> nodes;  // the roots first, then nearest first
  std::vector<LineageEdge> edges;
  bool is_truncated = false;  // there is more, which the limits cut off
};

struct LineageWalk {
  LineageDirection direction = LineageDirection::kBoth;
  std::int64_t depth_max = 10;
  std::size_t nodes_max = 200;
  // What the asker may see; the walk does not go through what they may not.
  std::function<bool(const LineageNode&)> may_see = [](const LineageNode&) { return true; };
};

constexpr std::int64_t kLineageDepthMax = 100;
constexpr std::size_t kLineageNodesMax = 2'000;
constexpr std::size_t kLineageEdgesPerNode = 8;  // of the walk as a whole: nodes_max times this

Result<LineageGraph> walk(Transaction& t, const std::vector<LineageNode>& roots, const LineageWalk& wanted);

// How a node stands in its table.
constexpr std::string_view kLineageNodeColumns = "n.kind, n.namespace, n.name, n.version, n.digest";
Result<LineageNode> read_lineage_node(const Row& row, std::size_t first_column);  // data_loss "lineage.altered"

}  // namespace slipway

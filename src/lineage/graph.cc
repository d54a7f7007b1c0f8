#include "lineage/graph.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::size_t kNodesPerStatement = 64;

// The edges at the nodes $1 … $64, and the node at the other end of each.
std::string make_sql(std::string_view at, std::string_view other) {
  std::string sql = "SELECT e.source, e.target, e.kind, e.created_at, " + std::string(kLineageNodeColumns) +
                    " FROM lineage_edges e JOIN lineage_nodes n ON n.id = e." + std::string(other) + " WHERE e." +
                    std::string(at) + " IN (";
  for (std::size_t i = 1; i <= kNodesPerStatement; ++i) sql += (i > 1 ? ", $" : "$") + std::to_string(i);
  return sql + ") ORDER BY e." + std::string(at) + ", e." + std::string(other) + ", e.kind LIMIT $" +
         std::to_string(kNodesPerStatement + 1);
}

tl::unexpected<Error> altered(std::string_view what, const std::string& found) {
  return fail(Code::kDataLoss, "lineage.altered",
              "the lineage tables hold the " + std::string(what) + ' ' + quoted(std::string_view(found)));
}

// One walk; both directions share the nodes and the limits.
class Walker {
 public:
  explicit Walker(const LineageWalk& wanted) : wanted_(wanted), edges_left_(wanted.nodes_max * kLineageEdgesPerNode) {}

  void add_roots(const std::vector<LineageNode>& roots) {
    for (const LineageNode& root : roots) {
      if (wanted_.may_see(root)) add(root, root.id(), 0);
    }
    roots_ = graph_.nodes.size();
  }

  Status go(Transaction& t, bool is_up) {
    seen_.clear();
    std::vector<std::string> level;
    for (std::size_t i = 0; i < roots_; ++i) level.push_back(graph_.nodes[i].id);
    for (const std::string& id : level) seen_.insert(id);
    for (std::int64_t depth = 1; depth <= wanted_.depth_max && !level.empty(); ++depth) {
      SLIPWAY_TRY(level, next_level(t, level, is_up, depth));
    }
    return {};
  }

  LineageGraph take() { return std::move(graph_); }

 private:
  // False when there is no room for it.
  bool add(const LineageNode& node, const std::string& id, std::int64_t depth) {
    if (known_.contains(id)) return true;
    if (graph_.nodes.size() >= wanted_.nodes_max) {
      graph_.is_truncated = true;
      return false;
    }
    known_.insert(id);
    graph_.nodes.push_back({node, id, depth});
    return true;
  }

  Result<std::vector<std::string>> next_level(Transaction& t, const std::vector<std::string>& level, bool is_up,
                                              std::int64_t depth) {
    static const std::string kUp = make_sql("target", "source");
    static const std::string kDown = make_sql("source", "target");
    std::vector<std::string> next;
    for (std::size_t first = 0; first < level.size() && edges_left_ > 0; first += kNodesPerStatement) {
      SqlArguments arguments;
      for (std::size_t i = 0; i < kNodesPerStatement; ++i)
        arguments.emplace_back(level[std::min(first + i, level.size() - 1)]);
      arguments.emplace_back(static_cast<std::int64_t>(edges_left_ + 1));
      SLIPWAY_TRY(const auto rows, t.query(is_up ? kUp : kDown, arguments));
      for (const Row& row : rows) {
        if (edges_left_ == 0) {
          graph_.is_truncated = true;
          break;
        }
        --edges_left_;
        SLIPWAY_CHECK(follow(row, is_up, depth, next));
      }
    }
    return next;
  }

  Status follow(const Row& row, bool is_up, std::int64_t depth, std::vector<std::string>& next) {
    const auto relation = parse_lineage_relation(row.text(2));
    if (!relation) return altered("relation", row.text(2));
    SLIPWAY_TRY(const LineageNode other, read_lineage_node(row, 4));
    if (!wanted_.may_see(other)) return {};
    const std::string& id = row.text(is_up ? 0 : 1);
    if (!add(other, id, is_up ? -depth : depth)) return {};
    graph_.edges.push_back({row.text(0), row.text(1), *relation, WallTime{std::chrono::microseconds{row.integer(3)}}});
    if (seen_.insert(id).second) next.push_back(id);
    return {};
  }

  const LineageWalk& wanted_;
  std::size_t edges_left_;
  std::size_t roots_ = 0;
  LineageGraph graph_;
  std::unordered_set<std::string> known_;  // in the graph
  std::unordered_set<std::string> seen_;   // in this direction
};

// An edge on a cycle is met in both directions.
void drop_repeated(std::vector<LineageEdge>& edges) {
  const auto key = [](const LineageEdge& edge) { return std::tie(edge.source, edge.target, edge.relation); };
  std::ranges::sort(edges, [&](const LineageEdge& a, const LineageEdge& b) { return key(a) < key(b); });
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
}

}  // namespace

Result<LineageNode> read_lineage_node(const Row& row, std::size_t first_column) {
  const auto kind = parse_lineage_kind(row.text(first_column));
  if (!kind) return altered("kind", row.text(first_column));
  return LineageNode{*kind, row.text(first_column + 1), row.text(first_column + 2), row.text(first_column + 3),
                     row.text(first_column + 4)};
}

Result<LineageGraph> walk(Transaction& t, const std::vector<LineageNode>& roots, const LineageWalk& wanted) {
  Walker walker(wanted);
  walker.add_roots(roots);
  if (wanted.direction != LineageDirection::kDown) SLIPWAY_CHECK(walker.go(t, true));
  if (wanted.direction != LineageDirection::kUp) SLIPWAY_CHECK(walker.go(t, false));
  LineageGraph graph = walker.take();
  drop_repeated(graph.edges);
  return graph;
}

}  // namespace slipway

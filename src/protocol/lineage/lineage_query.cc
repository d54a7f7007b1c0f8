#include "protocol/lineage/lineage_query.h"

#include <algorithm>

#include "audit/query.h"
#include "base/bytes.h"
#include "registry/transact.h"

namespace slipway {
namespace {

constexpr std::size_t kVersionsWithPredictionsMax = 20;
constexpr std::chrono::hours kPredictionsWindow{24};

tl::unexpected<Error> nothing_known(std::string_view subject) {
  return fail(Code::kNotFound, "lineage.not_found", "nothing is known of " + quoted(subject));
}

std::function<bool(const LineageNode&)> seen_by(const Principal& principal) {
  return [&principal](const LineageNode& node) {
    if (node.kind == LineageKind::kVersion) return principal.may(Permission::kReadMetadata, node.name);
    if (node.kind == LineageKind::kRelease) return principal.may(Permission::kReadMetadata, node.space);
    return true;
  };
}

LineageNode version_of(const audit::Record& record) {
  return LineageNode::model_version(record.model, record.version, record.bundle ? record.bundle->hex() : "");
}

// Where predictions hang: the release of the version, or the version itself where no release is known.
LineageNode server_of(const LineageGraph& graph, const LineageNode& version) {
  const LineageNode release = LineageNode::release(version.name, version.version);
  const bool is_known = std::ranges::any_of(graph.nodes, [&](const FoundNode& found) { return found.node == release; });
  return is_known ? release : version;
}

LineageEdge answered(const LineageNode& server, const LineageNode& prediction, WallTime time) {
  return {server.id(), prediction.id(), LineageRelation::kAnswered, time};
}

// A prediction and everything upstream of it; nothing comes of a prediction.
Result<LineageGraph> answer_prediction(Database& database, const audit::AuditLog& log, const Principal& principal,
                                       const LineageQuestion& question, const Id& id) {
  SLIPWAY_TRY(const auto stored, audit::find(log.catalog(), id));
  const auto is_prediction = [](const audit::StoredRecord& one) {
    return one.record().kind == audit::Kind::kPrediction && !one.record().version.empty();
  };
  const auto found = std::ranges::find_if(stored, is_prediction);
  if (found == stored.end()) return nothing_known(question.subject);
  const audit::Record record = found->record();
  const LineageNode prediction = LineageNode::prediction(id.to_string());
  const LineageNode version = version_of(record);
  LineageWalk wanted{LineageDirection::kUp, question.depth_max, question.nodes_max, seen_by(principal)};
  SLIPWAY_TRY(LineageGraph graph, in_read(database, [&](Transaction& t) -> Result<LineageGraph> {
                SLIPWAY_TRY(const auto releases,
                            find_lineage_nodes(t, {LineageKind::kRelease, version.name + '@' + version.version}));
                return walk(t, releases.empty() ? std::vector{version} : releases, wanted);
              }));
  if (graph.nodes.empty()) return nothing_known(question.subject);  // of a model that may not be seen
  for (FoundNode& node : graph.nodes) --node.depth;
  std::erase_if(graph.nodes, [&](const FoundNode& node) { return -node.depth > question.depth_max; });
  graph.edges.push_back(answered(graph.nodes.front().node, prediction, record.time));
  graph.nodes.insert(graph.nodes.begin(), {prediction, prediction.id(), 0});
  std::erase_if(graph.edges, [&](const LineageEdge& edge) {
    return std::ranges::none_of(graph.nodes, [&](const FoundNode& node) { return node.id == edge.source; });
  });
  return graph;
}

// The newest predictions of each version that the walk found downstream.
Status add_predictions(const audit::AuditLog& log, const LineageQuestion& question, LineageGraph& graph) {
  std::vector<FoundNode> versions;
  for (const FoundNode& found : graph.nodes) {
    if (found.node.kind == LineageKind::kVersion && found.depth >= 0) versions.push_back(found);
  }
  if (versions.size() > kVersionsWithPredictionsMax) {
    versions.resize(kVersionsWithPredictionsMax);
    graph.is_truncated = true;
  }
  for (const FoundNode& version : versions) {
    audit::Query wanted;
    wanted.from = system_clock().now() - kPredictionsWindow;
    wanted.model = version.node.name;
    wanted.version = version.node.version;
    wanted.kind = audit::Kind::kPrediction;
    wanted.is_newest_first = true;
    wanted.limit = question.predictions_max;
    SLIPWAY_TRY(const audit::QueryPage page, audit::query(log.catalog(), wanted));
    const LineageNode server = server_of(graph, version.node);
    const std::int64_t depth = version.depth + (server == version.node ? 1 : 2);
    if (page.next) graph.is_truncated = true;
    for (const audit::StoredRecord& stored : page.records) {
      const LineageNode prediction = LineageNode::prediction(stored.record().id.to_string());
      graph.nodes.push_back({prediction, prediction.id(), depth});
      graph.edges.push_back(answered(server, prediction, stored.record().time));
    }
  }
  return {};
}

Status check_may_read_audit(const Principal& principal) {
  if (principal.may(Permission::kReadAudit, "")) return {};
  return fail(Code::kPermissionDenied, "access.forbidden",
              "predictions are in the audit log, and " + principal.name + " lacks the permission read-audit");
}

}  // namespace

Result<LineageGraph> answer(Database& database, const audit::AuditLog& log, const Principal& principal,
                            const LineageQuestion& question) {
  SLIPWAY_TRY(const LineageSubject subject, parse_lineage_subject(question.subject));
  if (question.predictions_max > 0) SLIPWAY_CHECK(check_may_read_audit(principal));
  const LineageWalk wanted{question.direction, question.depth_max, question.nodes_max, seen_by(principal)};
  SLIPWAY_TRY(LineageGraph graph, in_read(database, [&](Transaction& t) -> Result<LineageGraph> {
                SLIPWAY_TRY(const auto roots, find_lineage_nodes(t, subject));
                SLIPWAY_TRY(LineageGraph found, walk(t, roots, wanted));
                if (roots.size() == kLineageRootsMax) found.is_truncated = true;
                return found;
              }));
  if (graph.nodes.empty()) {
    const auto id = Id::parse(subject.text);
    if (subject.kind.value_or(LineageKind::kPrediction) != LineageKind::kPrediction || !id)
      return nothing_known(question.subject);
    SLIPWAY_CHECK(check_may_read_audit(principal));
    return answer_prediction(database, log, principal, question, *id);
  }
  if (question.predictions_max > 0 && question.direction != LineageDirection::kUp)
    SLIPWAY_CHECK(add_predictions(log, question, graph));
  return graph;
}

Result<LineageDetails> details_of(Database& database, const Principal& principal, std::string_view node_id) {
  return in_read(database, [&](Transaction& t) -> Result<LineageDetails> {
    SLIPWAY_TRY(const auto rows,
                t.query("SELECT " + std::string(kLineageNodeColumns) + " FROM lineage_nodes n WHERE n.id = $1",
                        {std::string(node_id)}));
    if (rows.empty()) return nothing_known(node_id);
    LineageDetails details;
    SLIPWAY_TRY(details.node, read_lineage_node(rows[0], 0));
    if (!seen_by(principal)(details.node)) return nothing_known(node_id);
    const std::string id = details.node.id();
    SLIPWAY_TRY(details.facets, facets_of(t, id));
    if (details.node.kind != LineageKind::kRun) return details;
    SLIPWAY_TRY(details.run, run_state_of(t, id));
    LineageWalk next;
    next.depth_max = 1;
    SLIPWAY_TRY(const LineageGraph graph, walk(t, {details.node}, next));
    for (const LineageEdge& edge : graph.edges) {
      const std::string& other = edge.source == id ? edge.target : edge.source;
      SLIPWAY_TRY(Facets facets, facets_of(t, id + ':' + other));
      if (!facets.empty()) details.uses.push_back({other, edge.relation, std::move(facets)});
    }
    return details;
  });
}

}  // namespace slipway

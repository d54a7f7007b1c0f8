#include "lineage/lineage_store.h"

#include "base/bytes.h"

namespace slipway {
namespace {

std::int64_t micros(WallTime time) { return time.time_since_epoch().count(); }

Status check_member(const LineageNode& node, std::string_view member, const std::string& text) {
  if (text.size() <= kLineageTextBytesMax && is_utf8(text) && text.find('\0') == std::string::npos) return {};
  return fail(Code::kInvalidArgument, "lineage.invalid_node",
              std::string(to_string(node.kind)) + "." + std::string(member) +
                  ": accepted is UTF-8 text without NUL of at most " + std::to_string(kLineageTextBytesMax) +
                  " bytes, found " + quoted(text));
}

Status check_node(const LineageNode& node) {
  if (node.name.empty()) {
    return fail(Code::kInvalidArgument, "lineage.invalid_node",
                std::string(to_string(node.kind)) + ".name: it is empty");
  }
  SLIPWAY_CHECK(check_member(node, "namespace", node.space));
  SLIPWAY_CHECK(check_member(node, "name", node.name));
  SLIPWAY_CHECK(check_member(node, "version", node.version));
  return check_member(node, "digest", node.digest);
}

}  // namespace

Status LineageStore::add_node(Transaction& t, const LineageNode& node, WallTime when) const {
  SLIPWAY_CHECK(check_node(node));
  SLIPWAY_CHECK(t.execute(
      "INSERT INTO lineage_nodes (id, kind, namespace, name, version, digest, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
      {node.id(), std::string(to_string(node.kind)), node.space, node.name, node.version, node.digest, micros(when)}));
  return {};
}

Status LineageStore::add_edge(Transaction& t, const LineageNode& from, const LineageNode& to, LineageRelation relation,
                              WallTime when) const {
  SLIPWAY_CHECK(add_node(t, from, when));
  SLIPWAY_CHECK(add_node(t, to, when));
  SLIPWAY_CHECK(
      t.execute("INSERT INTO lineage_edges (source, target, kind, created_at) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (source, target, kind) DO NOTHING",
                {from.id(), to.id(), std::string(to_string(relation)), micros(when)}));
  return {};
}

Status LineageStore::run_used_dataset(Transaction& t, std::string_view run_id, const LineageNode& dataset,
                                      WallTime when) const {
  return add_edge(t, dataset, LineageNode::run(run_id), LineageRelation::kUsed, when);
}

Status LineageStore::run_produced_dataset(Transaction& t, std::string_view run_id, const LineageNode& dataset,
                                          WallTime when) const {
  return add_edge(t, LineageNode::run(run_id), dataset, LineageRelation::kProduced, when);
}

Status LineageStore::run_produced_version(Transaction& t, std::string_view run_id, const LineageNode& version,
                                          WallTime when) const {
  return add_edge(t, LineageNode::run(run_id), version, LineageRelation::kProduced, when);
}

Status LineageStore::run_started_run(Transaction& t, std::string_view parent_id, std::string_view child_id,
                                     WallTime when) const {
  return add_edge(t, LineageNode::run(parent_id), LineageNode::run(child_id), LineageRelation::kStarted, when);
}

Status LineageStore::version_used_dataset(Transaction& t, const LineageNode& version, const LineageNode& dataset,
                                          WallTime when) const {
  return add_edge(t, dataset, version, LineageRelation::kDerived, when);
}

Status LineageStore::version_released(Transaction& t, const LineageNode& version, const LineageNode& release,
                                      WallTime when) const {
  return add_edge(t, version, release, LineageRelation::kReleased, when);
}

}  // namespace slipway

// What came from what, in SQL: written by whoever knows, in their own transaction; walked by src/lineage/graph.h.
//
//   SLIPWAY_CHECK(lineage.run_used_dataset(t, run_id, LineageNode::dataset("mlflow", "iris", digest), now));
//   SLIPWAY_CHECK(lineage.run_produced_version(t, run_id, LineageNode::model_version("iris", "1.2.0", digest), now));
//
// Telling the same twice changes nothing. Stateless: shared by all threads. An edge costs three small inserts.
//
// Errors: invalid_argument "lineage.invalid_node" where a member is too long, not UTF-8 or has a NUL; those of
// storage/sql.h.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "lineage/node.h"
#include "storage/sql.h"

namespace slipway {

constexpr std::size_t kLineageTextBytesMax = 2048;  // of each member of a node

class LineageStore {
 public:
  Status add_node(Transaction& t, const LineageNode& node, WallTime when) const;
  // Makes the nodes where they are new.
  Status add_edge(Transaction& t, const LineageNode& from, const LineageNode& to, LineageRelation relation,
                  WallTime when) const;

  Status run_used_dataset(Transaction& t, std::string_view run_id, const LineageNode& dataset, WallTime when) const;
  Status run_produced_dataset(Transaction& t, std::string_view run_id, const LineageNode& dataset, WallTime when) const;
  Status run_produced_version(Transaction& t, std::string_view run_id, const LineageNode& version, WallTime when) const;
  Status run_started_run(Transaction& t, std::string_view parent_id, std::string_view child_id, WallTime when) const;
  // A model version trained on a dataset by a run that nobody tells of.
  Status version_used_dataset(Transaction& t, const LineageNode& version, const LineageNode& dataset,
                              WallTime when) const;
  Status version_released(Transaction& t, const LineageNode& version, const LineageNode& release, WallTime when) const;
};

}  // namespace slipway

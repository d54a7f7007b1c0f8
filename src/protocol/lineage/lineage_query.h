// Answers "where does this come from, and what came of it": the lineage tables, and the audit log for predictions.
#pragma once

#include <string>
#include <string_view>

#include "access/permission.h"
#include "audit/log.h"
#include "lineage/graph.h"
#include "lineage/openlineage.h"
#include "lineage/subject.h"
#include "storage/sql.h"

namespace slipway {

struct LineageQuestion {
  std::string subject;  // as parse_lineage_subject() reads it
  LineageDirection direction = LineageDirection::kBoth;
  std::int64_t depth_max = 10;
  std::size_t nodes_max = 200;
  std::size_t predictions_max = 0;  // of each version downstream, the newest of the last day; needs read-audit
};

constexpr std::size_t kLineagePredictionsMax = 100;

// What `principal` may see of it: versions and releases of models that they may read, predictions with read-audit.
// not_found "lineage.not_found"; permission_denied "access.forbidden" for a prediction without read-audit; those of
// subject.h.
Result<LineageGraph> answer(Database& database, const audit::AuditLog& log, const Principal& principal,
                            const LineageQuestion& question);

// One node, for people who want to know all: what OpenLineage events said of it, and of its inputs and outputs.
struct LineageDetails {
  struct Use {
    std::string node;  // id of the dataset
    LineageRelation relation = LineageRelation::kUsed;
    Facets facets;
  };
  LineageNode node;
  std::optional<RunState> run;
  Facets facets;
  std::vector<Use> uses;
};
Result<LineageDetails> details_of(Database& database, const Principal& principal, std::string_view node_id);

}  // namespace slipway

// What people type to say which thing they mean.
//
//   iris@1.2.0            a model version
//   run:ID                a run; with or without the dashes of a UUID
//   dataset:TEXT          every dataset of that name, or of that digest or version ("sha256:…" too)
//   job:NAME              every job of that name
//   release:MODEL@ID      a release
//   prediction:ID         a request id, which the audit log knows
//   TEXT                  any of these
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineage/node.h"
#include "storage/sql.h"

namespace slipway {

struct LineageSubject {
  std::optional<LineageKind> kind;  // null: any
  std::string text;
};

constexpr std::size_t kLineageRootsMax = 100;

// invalid_argument "lineage.invalid_subject".
Result<LineageSubject> parse_lineage_subject(std::string_view text);

// The nodes that it means, up to kLineageRootsMax, the newest first; none for a prediction, which no table holds.
Result<std::vector<LineageNode>> find_lineage_nodes(Transaction& t, const LineageSubject& subject);

}  // namespace slipway

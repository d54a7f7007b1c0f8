// What Slipway itself does, told to both: the lineage, and the operator's OpenLineage server where one is set.
//
// Everything is written in the caller's transaction; events go through the outbox. Without a server an event costs one
// SELECT.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "lineage/node.h"
#include "lineage/openlineage.h"
#include "storage/sql.h"

namespace slipway {

// A training run begins or ends: `job` is its experiment. The event names the datasets that the run used and what it
// produced, as far as the lineage knows by now.
Status report_run(Transaction& t, std::string_view run_id, std::string_view job, RunEventType type, WallTime when);

// A version was tried, tested and registered.
Status report_registered(Transaction& t, const LineageNode& version, bool is_valid, WallTime when,
                         Random& random = system_random());

// A version goes into service; the release is called after its semantic version.
Status report_released(Transaction& t, const LineageNode& version, WallTime when, Random& random = system_random());

// The event as JSON (spec 2-0-2).
std::string to_openlineage_json(const OpenLineageEvent& event);

// A run's id as OpenLineage must have it, a UUID; made from the digest of an id that is none.
std::string openlineage_run_id(std::string_view run_id);

}  // namespace slipway

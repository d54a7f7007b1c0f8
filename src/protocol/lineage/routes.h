// /api/v1/lineage: OpenLineage events in, the graph out.
#pragma once

#include "audit/log.h"
#include "protocol/http.h"
#include "storage/sql.h"

namespace slipway {

// What is referred to outlives the router.
void add_lineage_routes(Router& router, Database& database, const audit::AuditLog& log);

}  // namespace slipway

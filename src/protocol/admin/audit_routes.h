// /api/v1/audit: records, receipts, the log's key and checkpoint, verification.
#pragma once

#include <filesystem>

#include "audit/log.h"
#include "protocol/http.h"

namespace slipway {

void add_audit_routes(Router& router, audit::AuditLog& log, std::filesystem::path directory);

}  // namespace slipway

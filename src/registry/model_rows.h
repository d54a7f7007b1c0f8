// How the registry's values stand in their tables: columns in one order, for every statement.
#pragma once

#include <string>
#include <string_view>

#include "registry/model.h"
#include "storage/sql.h"

namespace slipway {

constexpr std::string_view kModelColumns =
    "name, description, created_by, approvals_required, last_number, created_at, updated_at, is_hidden";
constexpr std::string_view kVersionColumns =
    "id, model, number, semver, state, was_candidate, state_reason, digest, author, description, checks_passed, "
    "probe_report, test_report, contract_digest, approvals_required, created_at, updated_at";
constexpr std::string_view kApprovalColumns =
    "id, version_id, digest, principal, decision, reason, created_at, voided_at";
constexpr std::string_view kEventColumns = "id, model, version_id, kind, principal, detail, created_at";

// data_loss "registry.altered" where a row holds what this program never writes.
Result<Model> read_model(const Row& row);
Result<Version> read_version(const Row& row);
Result<Approval> read_approval(const Row& row);
Result<RegistryEvent> read_event(const Row& row);

// "SELECT " + columns + rest, for statements built once.
std::string select(std::string_view columns, std::string_view rest);

// invalid_argument "registry.invalid_text": UTF-8 without NUL, up to size_max bytes.
Status check_text(std::string_view field, std::string_view text, std::size_t size_max);
Status check_principal(std::string_view principal);  // 1 … 256 bytes of such text

}  // namespace slipway

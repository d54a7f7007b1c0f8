#include "registry/model_rows.h"

#include "base/bytes.h"

namespace slipway {
namespace {

WallTime time_of(std::int64_t micros) { return WallTime{std::chrono::microseconds{micros}}; }

tl::unexpected<Error> altered(std::string_view what, std::string_view found) {
  return fail(Code::kDataLoss, "registry.altered",
              "the registry's tables hold the " + std::string(what) + ' ' + slipway::quoted(found) +
                  ", which was never written there");
}

Result<Digest> read_digest(const std::string& hex) {
  const auto digest = Digest::parse(hex);
  if (!digest) return altered("digest", hex);
  return *digest;
}

}  // namespace

Result<Model> read_model(const Row& row) {
  return Model{row.text(0),
               row.text(1),
               row.text(2),
               row.optional_integer(3),
               row.integer(4),
               time_of(row.integer(5)),
               time_of(row.integer(6)),
               row.integer(7) != 0};
}

Result<Version> read_version(const Row& row) {
  Version version;
  version.id = row.text(0);
  version.model = row.text(1);
  version.number = row.integer(2);
  auto semver = SemVer::parse(row.text(3));
  if (!semver) return altered("semantic version", row.text(3));
  version.semver = *std::move(semver);
  const auto state = parse_version_state(row.text(4));
  if (!state) return altered("state", row.text(4));
  version.state = *state;
  version.was_candidate = row.integer(5) != 0;
  version.state_reason = row.text(6);
  SLIPWAY_TRY(version.digest, read_digest(row.text(7)));
  version.author = row.text(8);
  version.description = row.text(9);
  version.checks_passed = row.integer(10) != 0;
  version.probe_report = row.text(11);
  version.test_report = row.text(12);
  version.contract_digest = row.text(13);
  version.approvals_required = row.integer(14);
  version.created_at = time_of(row.integer(15));
  version.updated_at = time_of(row.integer(16));
  return version;
}

Result<Approval> read_approval(const Row& row) {
  Approval approval;
  approval.id = row.text(0);
  approval.version_id = row.text(1);
  SLIPWAY_TRY(approval.digest, read_digest(row.text(2)));
  approval.principal = row.text(3);
  if (row.text(4) != "approve" && row.text(4) != "reject") return altered("decision", row.text(4));
  approval.decision = row.text(4) == "approve" ? Decision::kApprove : Decision::kReject;
  approval.reason = row.text(5);
  approval.created_at = time_of(row.integer(6));
  if (const auto voided = row.optional_integer(7)) approval.voided_at = time_of(*voided);
  return approval;
}

Result<RegistryEvent> read_event(const Row& row) {
  return RegistryEvent{
      row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), time_of(row.integer(6))};
}

std::string select(std::string_view columns, std::string_view rest) {
  return "SELECT " + std::string(columns) + ' ' + std::string(rest);
}

Status check_text(std::string_view field, std::string_view text, std::size_t size_max) {
  if (text.size() <= size_max && is_utf8(text) && text.find('\0') == std::string_view::npos) return {};
  return fail(Code::kInvalidArgument, "registry.invalid_text",
              std::string(field) + ": accepted is UTF-8 text without NUL of at most " + std::to_string(size_max) +
                  " bytes, found " + std::to_string(text.size()) + " bytes");
}

Status check_principal(std::string_view principal) {
  if (principal.empty()) return fail(Code::kInvalidArgument, "registry.invalid_text", "principal: it is empty");
  return check_text("principal", principal, 256);
}

}  // namespace slipway

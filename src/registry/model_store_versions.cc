#include "base/bytes.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "registry/approval_rules.h"
#include "registry/model_rows.h"
#include "registry/model_store.h"
#include "registry/registration.h"

namespace slipway {
namespace {

constexpr std::size_t kDescriptionMax = 64 << 10;
constexpr std::size_t kReportMax = 4 << 20;

std::string label(std::string_view model, const SemVer& semver) {
  return std::string(model) + '@' + semver.to_string();
}

Status check_new_version(const NewVersion& version) {
  SLIPWAY_CHECK(check_principal(version.author));
  SLIPWAY_CHECK(check_text("description", version.description, kDescriptionMax));
  SLIPWAY_CHECK(check_text("probe_report", version.probe_report, kReportMax));
  SLIPWAY_CHECK(check_text("test_report", version.test_report, kReportMax));
  return check_text("contract_digest", version.contract_digest, 64);
}

// May `version` take the place of `existing`, of the same semantic version?
Status check_replacement(const Version& existing, const NewVersion& version) {
  const std::string name = label(version.model, version.semver);
  if (existing.was_candidate || existing.state != VersionState::kDraft) {
    return fail(
        Code::kAlreadyExists, "version.taken",
        name + " is taken for good (it is " + std::string(to_string(existing.state)) + "); push under another version");
  }
  if (existing.author == version.author) return {};
  return fail(Code::kAlreadyExists, "version.taken",
              name + " is a draft of " + existing.author + ", who alone can replace it; push under another version");
}

Result<Version> only_version(const std::vector<Row>& rows, std::string_view what) {
  if (rows.empty())
    return fail(Code::kNotFound, "version.not_found", "version " + std::string(what) + " does not exist");
  return read_version(rows[0]);
}

std::string digest_detail(const Digest& digest, const SemVer& semver) {
  std::string detail;
  JsonWriter(detail)
      .begin_object()
      .key("semver")
      .value(semver.to_string())
      .key("digest")
      .value(digest.hex())
      .end_object();
  return detail;
}

// Above every sort key: these begin with a number of at most 2^53.
const SqlBlob kKeyMax(32, 0xFF);

}  // namespace

// The next number of the model, with the registration that a pushed version has at once.
Result<ReservedVersion> ModelStore::reserve(Transaction& t, const NewVersion& version) const {
  SLIPWAY_TRY(const std::vector<Row> numbers,
              t.query("UPDATE models SET last_number = last_number + 1, updated_at = $2, is_hidden = 0 "
                      "WHERE name = $1 RETURNING last_number",
                      {version.model, now()}));
  Registration registration;
  registration.id = make_id();
  registration.model = version.model;
  registration.number = numbers.at(0).integer(0);
  registration.status = RegistrationStatus::kReady;
  registration.semver = version.semver.to_string();
  registration.source = version_files_uri(registration.id);
  registration.description = version.description;
  registration.author = version.author;
  SLIPWAY_CHECK(RegistrationStore(*clock_, *random_).add_pushed(t, registration));
  return ReservedVersion{registration.id, registration.number};
}

Status ModelStore::delete_draft(Transaction& t, const Version& version, std::string_view principal) const {
  if (version.was_candidate || version.state != VersionState::kDraft) {
    return fail(Code::kFailedPrecondition, "version.immutable",
                label(version.model, version.semver) + " was a candidate; it can be retired, not deleted");
  }
  SLIPWAY_CHECK(t.execute("DELETE FROM versions WHERE id = $1", {version.id}));
  return record(t, version.model, version.id, "version.deleted", principal,
                digest_detail(version.digest, version.semver));
}

Result<Version> ModelStore::create_version(Transaction& t, const NewVersion& version) const {
  SLIPWAY_CHECK(check_new_version(version));
  SLIPWAY_CHECK(model(t, version.model));
  if (const auto existing = this->version(t, version.model, version.semver)) {
    SLIPWAY_CHECK(check_replacement(*existing, version));
    SLIPWAY_CHECK(t.execute("DELETE FROM versions WHERE id = $1", {existing->id}));
    SLIPWAY_CHECK(RegistrationStore(*clock_, *random_).remove(t, existing->id));
    SLIPWAY_CHECK(record(t, version.model, existing->id, "version.replaced", version.author,
                         digest_detail(existing->digest, existing->semver)));
  } else if (existing.error().code != Code::kNotFound) {
    return fail(existing.error());
  }
  ReservedVersion reserved;
  if (version.reserved) {
    reserved = *version.reserved;
  } else {
    SLIPWAY_TRY(reserved, reserve(t, version));
  }
  SLIPWAY_CHECK(
      t.execute("INSERT INTO versions (id, model, number, semver, semver_key, state, was_candidate, state_reason, "
                "digest, author, "
                "description, checks_passed, probe_report, test_report, contract_digest, approvals_required, "
                "created_at, updated_at) "
                "VALUES ($1, $2, $3, $4, $5, 'draft', 0, $14, $6, $7, $8, $9, $10, $11, $12, 0, $13, $13)",
                {reserved.id, version.model, reserved.number, version.semver.to_string(), sort_key(version.semver),
                 version.digest.hex(), version.author, version.description, std::int64_t{version.checks_passed},
                 version.probe_report, version.test_report, version.contract_digest, now(), version.state_reason}));
  SLIPWAY_CHECK(record(t, version.model, reserved.id, "version.created", version.author,
                       digest_detail(version.digest, version.semver)));
  return version_by_id(t, reserved.id);
}

// An approved version is only handed out while its approvals stand over its bytes.
Result<Version> ModelStore::checked(Transaction& t, Result<Version> version) const {
  if (!version || version->state != VersionState::kApproved) return version;
  SLIPWAY_TRY(const std::vector<Approval> all, approvals(t, version->id));
  SLIPWAY_CHECK(check_still_approved(*version, all));
  return version;
}

Result<Version> ModelStore::stored_version(Transaction& t, std::string_view model, const SemVer& semver) const {
  static const std::string kSql = select(kVersionColumns, "FROM versions WHERE model = $1 AND semver = $2");
  SLIPWAY_CHECK(check_model_name(model));
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(model), semver.to_string()}));
  return only_version(rows, label(model, semver));
}

Result<Version> ModelStore::version(Transaction& t, std::string_view model, const SemVer& semver) const {
  return checked(t, stored_version(t, model, semver));
}

Result<Version> ModelStore::version_by_number(Transaction& t, std::string_view model, std::int64_t number) const {
  static const std::string kSql = select(kVersionColumns, "FROM versions WHERE model = $1 AND number = $2");
  SLIPWAY_CHECK(check_model_name(model));
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(model), number}));
  return checked(t, only_version(rows, "number " + std::to_string(number) + " of " + std::string(model)));
}

Result<Version> ModelStore::version_by_id(Transaction& t, std::string_view id) const {
  static const std::string kSql = select(kVersionColumns, "FROM versions WHERE id = $1");
  const auto parsed = Id::parse(id);
  if (!parsed)
    return fail(Code::kNotFound, "version.not_found", "version id " + slipway::quoted(id) + " does not exist");
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {parsed->to_string()}));
  return checked(t, only_version(rows, "id " + slipway::quoted(id)));
}

Result<Page<Version>> ModelStore::versions(Transaction& t, std::string_view model, std::optional<VersionState> state,
                                           const PageRequest& page) const {
  static const std::string kSql = select(kVersionColumns,
                                         "FROM versions WHERE model = $1 AND ($2 = '' OR state = $2) AND semver_key < "
                                         "$3 ORDER BY semver_key DESC LIMIT $4");
  SLIPWAY_CHECK(check_page_limit(page.limit));
  SLIPWAY_CHECK(this->model(t, model));
  SLIPWAY_TRY(const std::string last, parse_page_token("versions", page.token));
  SqlBlob before = kKeyMax;
  if (!last.empty()) {
    const auto semver = SemVer::parse(last);
    if (!semver) return invalid_page_token(page.token);
    before = sort_key(*semver);
  }
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query(kSql, {std::string(model), std::string(state ? to_string(*state) : ""), before,
                             static_cast<std::int64_t>(page.limit) + 1}));
  Page<Version> found;
  for (const Row& row : rows) {
    if (found.items.size() == page.limit) {
      found.next_token = make_page_token("versions", found.items.back().semver.to_string());
      break;
    }
    SLIPWAY_TRY(found.items.emplace_back(), read_version(row));
  }
  return found;
}

Result<Page<Version>> ModelStore::versions_in_state(Transaction& t, VersionState state, const PageRequest& page) const {
  static const std::string kSql =
      select(kVersionColumns, "FROM versions WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3");
  SLIPWAY_CHECK(check_page_limit(page.limit));
  SLIPWAY_TRY(const std::string after, parse_page_token("state", page.token));
  if (!after.empty() && !Id::parse(after)) return invalid_page_token(page.token);
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query(kSql, {std::string(to_string(state)), after, static_cast<std::int64_t>(page.limit) + 1}));
  Page<Version> found;
  for (const Row& row : rows) {
    if (found.items.size() == page.limit) {
      found.next_token = make_page_token("state", found.items.back().id);
      break;
    }
    SLIPWAY_TRY(found.items.emplace_back(), read_version(row));
  }
  return found;
}

Result<Version> ModelStore::describe_version(Transaction& t, std::string_view model, const SemVer& semver,
                                             std::string_view description, std::string_view principal) const {
  SLIPWAY_CHECK(check_text("description", description, kDescriptionMax));
  SLIPWAY_CHECK(check_principal(principal));
  SLIPWAY_TRY(const Version before, version(t, model, semver));
  if (before.description == description) return before;
  if (before.state == VersionState::kApproved || before.state == VersionState::kRetired) {
    return fail(Code::kFailedPrecondition, "version.immutable",
                label(model, semver) + " is " + std::string(to_string(before.state)) +
                    "; only a draft or a candidate can be changed");
  }
  SLIPWAY_CHECK(t.execute("UPDATE versions SET description = $2, updated_at = $3 WHERE id = $1",
                          {before.id, std::string(description), now()}));
  SLIPWAY_CHECK(record(t, model, before.id, "version.described", principal, "{}"));
  return version_by_id(t, before.id);
}

Result<SemVer> ModelStore::next_minor(Transaction& t, std::string_view model) const {
  SLIPWAY_TRY(
      const std::vector<Row> rows,
      t.query("SELECT semver FROM versions WHERE model = $1 ORDER BY semver_key DESC LIMIT 1", {std::string(model)}));
  if (rows.empty()) return SemVer{1, 0, 0, ""};
  SLIPWAY_TRY(const SemVer newest, SemVer::parse(rows[0].text(0)));
  return SemVer{newest.major, newest.minor + 1, 0, ""};
}

Result<Version> ModelStore::resolve(Transaction& t, std::string_view text) const {
  SLIPWAY_TRY(const ModelReference reference, parse_model_reference(text));
  if (reference.exact) {
    SLIPWAY_TRY(const Version exact, version(t, reference.model, *reference.exact));
    if (exact.state == VersionState::kApproved) return exact;
    return fail(Code::kFailedPrecondition, "version.not_approved",
                std::string(text) + " is " + std::string(to_string(exact.state)) + "; only an approved version serves");
  }
  SLIPWAY_CHECK(model(t, reference.model));
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT semver FROM versions WHERE model = $1 AND state = 'approved' ORDER BY semver_key DESC",
                      {reference.model}));
  for (const Row& row : rows) {
    SLIPWAY_TRY(const SemVer semver, SemVer::parse(row.text(0)));
    if (reference.range.contains(semver)) return version(t, reference.model, semver);
  }
  return fail(Code::kNotFound, "version.not_found", "no approved version is in " + std::string(text));
}

}  // namespace slipway

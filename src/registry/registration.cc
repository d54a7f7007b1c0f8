#include "registry/registration.h"

#include <algorithm>
#include <array>

#include "base/id.h"
#include "registry/model_rows.h"

namespace slipway {
namespace {

constexpr std::array<std::string_view, 3> kStatuses = {"PENDING_REGISTRATION", "READY", "FAILED_REGISTRATION"};
constexpr std::size_t kTextMax = 64 << 10;
constexpr std::size_t kReferenceMax = 4 << 10;  // sources, links and ids

Status check(const Registration& wanted) {
  SLIPWAY_CHECK(check_text("source", wanted.source, kReferenceMax));
  SLIPWAY_CHECK(check_text("run_id", wanted.run_id, kReferenceMax));
  SLIPWAY_CHECK(check_text("model_id", wanted.model_id, kReferenceMax));
  SLIPWAY_CHECK(check_text("run_link", wanted.run_link, kReferenceMax));
  SLIPWAY_CHECK(check_text("description", wanted.description, kTextMax));
  return check_principal(wanted.author);
}

Status insert(Transaction& t, const Registration& row, std::int64_t now) {
  SLIPWAY_CHECK(t.execute(
      "INSERT INTO registrations (id, model, number, status, message, semver, source, run_id, model_id, run_link, "
      "description, author, stage, is_hidden, claimed_by, claimed_until, created_at, updated_at) "
      "VALUES ($13, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'None', 0, '', 0, $12, $12)",
      {row.model, row.number, std::string(to_string(row.status)), row.message, row.semver, row.source, row.run_id,
       row.model_id, row.run_link, row.description, row.author, now, row.id}));
  return {};
}

}  // namespace

std::string_view to_string(RegistrationStatus status) noexcept { return kStatuses[static_cast<std::size_t>(status)]; }

tl::unexpected<Error> no_version(std::string_view model, std::int64_t number) {
  return fail(Code::kNotFound, "version.not_found",
              "Model Version (name=" + std::string(model) + ", version=" + std::to_string(number) + ") not found");
}

std::optional<std::string_view> parse_stage(std::string_view text) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (const std::string_view stage : kStages) {
    const bool is_same = std::equal(stage.begin(), stage.end(), text.begin(), text.end(),
                                    [&](char a, char b) { return lower(a) == lower(b); });
    if (is_same) return stage;
  }
  return std::nullopt;
}

std::string version_files_uri(std::string_view id) { return "mlflow-artifacts:/versions/" + std::string(id); }

Result<Registration> read_registration(const Row& row) {
  Registration read;
  read.id = row.text(0);
  read.model = row.text(1);
  read.number = row.integer(2);
  const auto* const status = std::find(kStatuses.begin(), kStatuses.end(), row.text(3));
  if (status == kStatuses.end())
    return fail(Code::kDataLoss, "registry.altered", "the registry's tables hold the status " + row.text(3));
  read.status = static_cast<RegistrationStatus>(status - kStatuses.begin());
  read.message = row.text(4);
  read.semver = row.text(5);
  read.source = row.text(6);
  read.run_id = row.text(7);
  read.model_id = row.text(8);
  read.run_link = row.text(9);
  read.description = row.text(10);
  read.author = row.text(11);
  read.stage = row.text(12);
  read.created_at = WallTime{std::chrono::microseconds{row.integer(13)}};
  read.updated_at = WallTime{std::chrono::microseconds{row.integer(14)}};
  return read;
}

Result<Registration> RegistrationStore::create(Transaction& t, const Registration& wanted) const {
  SLIPWAY_CHECK(check(wanted));
  const std::int64_t time = now();
  SLIPWAY_TRY(const std::vector<Row> numbers,
              t.query("UPDATE models SET last_number = last_number + 1, updated_at = $2 "
                      "WHERE name = $1 AND is_hidden = 0 RETURNING last_number",
                      {wanted.model, time}));
  if (numbers.empty())
    return fail(Code::kNotFound, "model.not_found", "Registered Model with name=" + wanted.model + " not found");
  Registration made = wanted;
  made.id = Id::make(*clock_, *random_).to_string();
  made.number = numbers[0].integer(0);
  made.stage = kStages[0];
  made.created_at = made.updated_at = WallTime{std::chrono::microseconds{time}};
  SLIPWAY_CHECK(insert(t, made, time));
  return made;
}

Status RegistrationStore::add_pushed(Transaction& t, const Registration& pushed) const {
  return insert(t, pushed, now());
}

Result<Registration> RegistrationStore::get(Transaction& t, std::string_view model, std::int64_t number) const {
  static const std::string kSql =
      select(kRegistrationColumns, "FROM registrations WHERE model = $1 AND number = $2 AND is_hidden = 0");
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(model), number}));
  if (rows.empty()) return no_version(model, number);
  return read_registration(rows[0]);
}

Result<std::vector<Registration>> RegistrationStore::latest(Transaction& t, std::string_view model,
                                                            const std::vector<std::string>& stages) const {
  static const std::string kSql = select(kRegistrationColumns,
                                         "FROM registrations WHERE model = $1 AND stage = $2 AND is_hidden = 0 "
                                         "ORDER BY number DESC LIMIT 1");
  std::vector<Registration> found;
  for (const std::string_view stage : kStages) {
    if (!stages.empty() && std::find(stages.begin(), stages.end(), stage) == stages.end()) continue;
    SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(model), std::string(stage)}));
    if (rows.empty()) continue;
    SLIPWAY_TRY(found.emplace_back(), read_registration(rows[0]));
  }
  return found;
}

Status RegistrationStore::remove(Transaction& t, std::string_view id) const {
  for (const std::string_view sql :
       {"DELETE FROM version_tags WHERE registration_id = $1", "DELETE FROM model_aliases WHERE registration_id = $1",
        "DELETE FROM registrations WHERE id = $1"}) {
    SLIPWAY_CHECK(t.execute(sql, {std::string(id)}));
  }
  return {};
}

Status RegistrationStore::touch_model(Transaction& t, const std::string& model) const {
  SLIPWAY_CHECK(t.execute("UPDATE models SET updated_at = $2 WHERE name = $1", {model, now()}));
  return {};
}

Status RegistrationStore::describe(Transaction& t, const Registration& registration,
                                   std::string_view description) const {
  SLIPWAY_CHECK(check_text("description", description, kTextMax));
  SLIPWAY_CHECK(t.execute("UPDATE registrations SET description = $2, updated_at = $3 WHERE id = $1",
                          {registration.id, std::string(description), now()}));
  return {};
}

Status RegistrationStore::set_stage(Transaction& t, const Registration& registration, std::string_view stage) const {
  SLIPWAY_CHECK(t.execute("UPDATE registrations SET stage = $2, updated_at = $3 WHERE id = $1",
                          {registration.id, std::string(stage), now()}));
  return touch_model(t, registration.model);
}

Result<std::vector<Registration>> RegistrationStore::all(Transaction& t, std::string_view model) const {
  static const std::string kSql =
      select(kRegistrationColumns, "FROM registrations WHERE model = $1 AND is_hidden = 0 ORDER BY number");
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(model)}));
  std::vector<Registration> found;
  for (const Row& row : rows) {
    SLIPWAY_TRY(found.emplace_back(), read_registration(row));
  }
  return found;
}

// A pending one is finished with it, so that no server makes a version of it.
Status RegistrationStore::hide(Transaction& t, const Registration& registration) const {
  SLIPWAY_CHECK(t.execute("DELETE FROM version_tags WHERE registration_id = $1", {registration.id}));
  SLIPWAY_CHECK(t.execute("DELETE FROM model_aliases WHERE registration_id = $1", {registration.id}));
  SLIPWAY_CHECK(
      t.execute("UPDATE registrations SET is_hidden = 1, updated_at = $2, "
                "status = CASE status WHEN 'PENDING_REGISTRATION' THEN 'FAILED_REGISTRATION' ELSE status END "
                "WHERE id = $1",
                {registration.id, now()}));
  return touch_model(t, registration.model);
}

Result<std::optional<Registration>> RegistrationStore::claim(Transaction& t, std::string_view server,
                                                             std::chrono::seconds lease) const {
  static const std::string kSql =
      select(kRegistrationColumns,
             "FROM registrations WHERE status = 'PENDING_REGISTRATION' AND claimed_until < $1 AND NOT EXISTS (SELECT 1 "
             "FROM registrations e WHERE e.model = registrations.model AND e.number < registrations.number "
             "AND e.status = 'PENDING_REGISTRATION') ORDER BY created_at LIMIT 1");
  const std::int64_t time = now();
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {time}));
  if (rows.empty()) return std::nullopt;
  SLIPWAY_TRY(Registration found, read_registration(rows[0]));
  SLIPWAY_CHECK(t.execute(
      "UPDATE registrations SET claimed_by = $2, claimed_until = $3 WHERE id = $1",
      {found.id, std::string(server), time + std::chrono::duration_cast<std::chrono::microseconds>(lease).count()}));
  return found;
}

Status RegistrationStore::release(Transaction& t, std::string_view server) const {
  SLIPWAY_CHECK(
      t.execute("UPDATE registrations SET claimed_by = '', claimed_until = 0 "
                "WHERE status = 'PENDING_REGISTRATION' AND claimed_by = $1",
                {std::string(server)}));
  return {};
}

Status RegistrationStore::postpone(Transaction& t, const Registration& claimed, std::string_view server,
                                   std::chrono::seconds delay) const {
  SLIPWAY_CHECK(t.execute(
      "UPDATE registrations SET claimed_until = $3 WHERE id = $1 AND claimed_by = $2 "
      "AND status = 'PENDING_REGISTRATION'",
      {claimed.id, std::string(server), now() + std::chrono::duration_cast<std::chrono::microseconds>(delay).count()}));
  return {};
}

Status RegistrationStore::finish(Transaction& t, const Registration& claimed, std::string_view server,
                                 RegistrationStatus status, std::string_view message) const {
  SLIPWAY_CHECK(
      t.execute("UPDATE registrations SET status = $3, message = $4, claimed_by = '', claimed_until = 0, "
                "updated_at = $5 WHERE id = $1 AND claimed_by = $2 AND status = 'PENDING_REGISTRATION'",
                {claimed.id, std::string(server), std::string(to_string(status)), std::string(message), now()}));
  return {};
}

}  // namespace slipway

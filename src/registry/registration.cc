#include "registry/registration.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
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

Status insert(Transaction& t, const Registration& row, std::int64_t number, std::int64_t now) {
  SLIPWAY_CHECK(t.execute(
      "INSERT INTO registrations (model, number, status, message, semver, source, run_id, model_id, run_link, "
      "description, author, stage, is_hidden, claimed_by, claimed_until, created_at, updated_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'None', 0, '', 0, $12, $12)",
      {row.model, number, std::string(to_string(row.status)), row.message, row.semver, row.source, row.run_id,
       row.model_id, row.run_link, row.description, row.author, now}));
  return {};
}

}  // namespace

std::string_view to_string(RegistrationStatus status) noexcept { return kStatuses[static_cast<std::size_t>(status)]; }

tl::unexpected<Error> no_version(std::string_view model, std::int64_t number) {
  return fail(Code::kNotFound, "version.not_found",
              "Model Version (name=" + std::string(model) + ", version=" + std::to_string(number) + ") not found");
}

Result<Registration> read_registration(const Row& row) {
  Registration read;
  read.model = row.text(0);
  read.number = row.integer(1);
  const auto* const status = std::find(kStatuses.begin(), kStatuses.end(), row.text(2));
  if (status == kStatuses.end())
    return fail(Code::kDataLoss, "registry.altered", "the registry's tables hold the status " + row.text(2));
  read.status = static_cast<RegistrationStatus>(status - kStatuses.begin());
  read.message = row.text(3);
  read.semver = row.text(4);
  read.source = row.text(5);
  read.run_id = row.text(6);
  read.model_id = row.text(7);
  read.run_link = row.text(8);
  read.description = row.text(9);
  read.author = row.text(10);
  read.stage = row.text(11);
  read.created_at = WallTime{std::chrono::microseconds{row.integer(12)}};
  read.updated_at = WallTime{std::chrono::microseconds{row.integer(13)}};
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
  made.number = numbers[0].integer(0);
  made.stage = kStages[0];
  made.created_at = made.updated_at = WallTime{std::chrono::microseconds{time}};
  SLIPWAY_CHECK(insert(t, made, made.number, time));
  return made;
}

Status RegistrationStore::add_pushed(Transaction& t, const Registration& pushed) const {
  return insert(t, pushed, pushed.number, now());
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

Status RegistrationStore::change(Transaction& t, std::string_view model, std::int64_t number, std::string_view sql,
                                 std::string_view value) const {
  SLIPWAY_TRY(const std::int64_t changed,
              t.execute(sql, {std::string(model), number, std::string(value), now()}));
  if (changed == 0) return no_version(model, number);
  return {};
}

Status RegistrationStore::describe(Transaction& t, std::string_view model, std::int64_t number,
                                   std::string_view description) const {
  SLIPWAY_CHECK(check_text("description", description, kTextMax));
  return change(t, model, number,
                "UPDATE registrations SET description = $3, updated_at = $4 "
                "WHERE model = $1 AND number = $2 AND is_hidden = 0",
                description);
}

Status RegistrationStore::set_stage(Transaction& t, std::string_view model, std::int64_t number,
                                    std::string_view stage) const {
  SLIPWAY_CHECK(change(t, model, number,
                       "UPDATE registrations SET stage = $3, updated_at = $4 "
                       "WHERE model = $1 AND number = $2 AND is_hidden = 0",
                       stage));
  SLIPWAY_CHECK(t.execute("UPDATE models SET updated_at = $2 WHERE name = $1", {std::string(model), now()}));
  return {};
}

Result<std::vector<std::int64_t>> RegistrationStore::others_in_stage(Transaction& t, std::string_view model,
                                                                     std::int64_t number,
                                                                     std::string_view stage) const {
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT number FROM registrations WHERE model = $1 AND number <> $2 AND stage = $3 "
                      "AND is_hidden = 0 ORDER BY number",
                      {std::string(model), number, std::string(stage)}));
  std::vector<std::int64_t> found;
  for (const Row& row : rows) found.push_back(row.integer(0));
  return found;
}

Status RegistrationStore::hide(Transaction& t, std::string_view model, std::int64_t number) const {
  const SqlArguments key = {std::string(model), number};
  SLIPWAY_CHECK(t.execute("DELETE FROM version_tags WHERE model = $1 AND number = $2", key));
  SLIPWAY_CHECK(t.execute("DELETE FROM model_aliases WHERE model = $1 AND number = $2", key));
  SLIPWAY_TRY(const std::int64_t hidden,
              t.execute("UPDATE registrations SET is_hidden = 1, updated_at = $3, "
                        "status = CASE status WHEN 'PENDING_REGISTRATION' THEN 'FAILED_REGISTRATION' ELSE status END "
                        "WHERE model = $1 AND number = $2 AND is_hidden = 0",
                        {std::string(model), number, now()}));
  if (hidden == 0) return no_version(model, number);
  SLIPWAY_CHECK(t.execute("UPDATE models SET updated_at = $2 WHERE name = $1", {std::string(model), now()}));
  return {};
}

Result<std::vector<std::int64_t>> RegistrationStore::numbers(Transaction& t, std::string_view model) const {
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT number FROM registrations WHERE model = $1 AND is_hidden = 0 ORDER BY number",
                      {std::string(model)}));
  std::vector<std::int64_t> found;
  for (const Row& row : rows) found.push_back(row.integer(0));
  return found;
}

Result<std::optional<Registration>> RegistrationStore::claim(Transaction& t, std::string_view server,
                                                             std::chrono::seconds lease) const {
  static const std::string kSql = select(
      kRegistrationColumns,
      "FROM registrations WHERE status = 'PENDING_REGISTRATION' AND claimed_until < $1 AND NOT EXISTS (SELECT 1 "
      "FROM registrations e WHERE e.model = registrations.model AND e.number < registrations.number "
      "AND e.status = 'PENDING_REGISTRATION') ORDER BY created_at LIMIT 1");
  const std::int64_t time = now();
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {time}));
  if (rows.empty()) return std::nullopt;
  SLIPWAY_TRY(Registration found, read_registration(rows[0]));
  SLIPWAY_CHECK(
      t.execute("UPDATE registrations SET claimed_by = $3, claimed_until = $4 WHERE model = $1 AND number = $2",
                {found.model, found.number, std::string(server),
                 time + std::chrono::duration_cast<std::chrono::microseconds>(lease).count()}));
  return found;
}

Status RegistrationStore::release(Transaction& t, std::string_view server) const {
  SLIPWAY_CHECK(t.execute("UPDATE registrations SET claimed_by = '', claimed_until = 0 "
                          "WHERE status = 'PENDING_REGISTRATION' AND claimed_by = $1",
                          {std::string(server)}));
  return {};
}

Status RegistrationStore::postpone(Transaction& t, const Registration& claimed, std::string_view server,
                                   std::chrono::seconds delay) const {
  SLIPWAY_CHECK(
      t.execute("UPDATE registrations SET claimed_until = $4 WHERE model = $1 AND number = $2 AND claimed_by = $3 "
                "AND status = 'PENDING_REGISTRATION'",
                {claimed.model, claimed.number, std::string(server),
                 now() + std::chrono::duration_cast<std::chrono::microseconds>(delay).count()}));
  return {};
}

Status RegistrationStore::finish(Transaction& t, const Registration& claimed, std::string_view server,
                                 RegistrationStatus status, std::string_view message) const {
  SLIPWAY_CHECK(
      t.execute("UPDATE registrations SET status = $4, message = $5, claimed_by = '', claimed_until = 0, "
                "updated_at = $6 WHERE model = $1 AND number = $2 AND claimed_by = $3 "
                "AND status = 'PENDING_REGISTRATION'",
                {claimed.model, claimed.number, std::string(server), std::string(to_string(status)),
                 std::string(message), now()}));
  return {};
}

}  // namespace slipway

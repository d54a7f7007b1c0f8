#include "storage/migrations.h"

#include <algorithm>
#include <cassert>

#include "base/clock.h"
#include "base/digest.h"

namespace slipway {
namespace {

constexpr std::string_view kOnly = "-- only: ";
constexpr std::string_view kEnd = "-- end";
constexpr std::string_view kBlob = "{blob}";

std::string label(int number, std::string_view name) {
  std::string digits = std::to_string(number);
  digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
  return "migration " + digits + "_" + std::string(name);
}

std::string replace_blob(std::string_view line, std::string_view dialect) {
  std::string out;
  for (std::size_t at = line.find(kBlob); at != std::string_view::npos; at = line.find(kBlob)) {
    out.append(line.substr(0, at)).append(dialect == "postgresql" ? "BYTEA" : "BLOB");
    line.remove_prefix(at + kBlob.size());
  }
  return out.append(line);
}

tl::unexpected<Error> bad_section(const Migration& migration, const std::string& what) {
  return fail(Code::kInternal, "storage.migration", label(migration.number, migration.name) + ": " + what);
}

Result<std::vector<AppliedMigration>> read_applied(Connection& connection) {
  SLIPWAY_CHECK(
      connection.run_script("CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY, "
                            "name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL)"));
  SLIPWAY_TRY(const auto rows,
              connection.query("SELECT number, name, sha256 FROM schema_migrations ORDER BY number", {}));
  std::vector<AppliedMigration> applied;
  for (const Row& row : rows) applied.push_back({static_cast<int>(row.integer(0)), row.text(1), row.text(2)});
  return applied;
}

Status apply(Connection& connection, const Migration& migration, std::string_view dialect) {
  SLIPWAY_TRY(const std::string text, dialect_text(migration, dialect));
  if (Status status = connection.run_script(text); !status) {
    Error error = status.error();
    error.message.insert(0, label(migration.number, migration.name) + ": ");
    return fail(std::move(error));
  }
  SLIPWAY_CHECK(
      connection.execute("INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES ($1, $2, $3, $4)",
                         {std::int64_t{migration.number}, std::string(migration.name), sha256(migration.text).hex(),
                          format_time(system_clock().now())}));
  return {};
}

}  // namespace

Result<std::string> dialect_text(const Migration& migration, std::string_view dialect) {
  std::string out;
  std::string_view section;  // the dialect that the open section is for
  std::string_view rest = migration.text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with(kOnly)) {
      if (!section.empty()) return bad_section(migration, "a section inside a section");
      section = line.substr(kOnly.size());
      if (section != "sqlite" && section != "postgresql") {
        return bad_section(migration, "unknown dialect '" + std::string(section) + "'; known: sqlite, postgresql");
      }
    } else if (line == kEnd) {
      if (section.empty()) return bad_section(migration, "'-- end' without a section");
      section = {};
    } else if (section.empty() || section == dialect) {
      out.append(replace_blob(line, dialect)).push_back('\n');
    }
  }
  if (!section.empty()) return bad_section(migration, "a section without '-- end'");
  return out;
}

Result<const Migration*> next_migration(std::span<const Migration> known, std::span<const AppliedMigration> applied) {
  for (const AppliedMigration& done : applied) {
    const auto found = std::ranges::find(known, done.number, &Migration::number);
    if (found == known.end()) {
      return fail(Code::kFailedPrecondition, "storage.schema_newer",
                  "the database has " + label(done.number, done.name) +
                      ", which this program does not know; run a newer slipway");
    }
    if (sha256(found->text).hex() != done.sha256) {
      return fail(Code::kFailedPrecondition, "storage.schema_changed",
                  label(done.number, done.name) + " was applied with SHA-256 " + done.sha256 +
                      ", this program has another text; run the slipway that made this database");
    }
  }
  for (const Migration& migration : known) {
    if (std::ranges::find(applied, migration.number, &AppliedMigration::number) == applied.end()) return &migration;
  }
  return nullptr;
}

Status migrate(Driver& driver, std::span<const Migration> known) {
  assert(std::ranges::adjacent_find(known, std::ranges::greater_equal{}, &Migration::number) == known.end());
  for (bool is_done = false; !is_done;) {
    SLIPWAY_CHECK(driver.change_schema([&](Connection& connection) -> Status {
      SLIPWAY_TRY(const auto applied, read_applied(connection));
      SLIPWAY_TRY(const Migration* next, next_migration(known, applied));
      is_done = next == nullptr;
      return is_done ? Status{} : apply(connection, *next, driver.dialect());
    }));
  }
  return {};
}

}  // namespace slipway

// The schema's history: numbered SQL files, embedded in the executable, each applied once, in one transaction.
//
// A file migrations/NNNN_name.sql is one text for both drivers. `{blob}` stands for the type of bytes. Lines between
// `-- only: sqlite` or `-- only: postgresql` and `-- end` are for that driver alone (triggers differ). A file that has
// been released is never edited: its SHA-256 is kept, and a database that applied another text is refused.
// A check of more than two values is written with OR: of a longer IN list SQLite makes a table at each insert.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/driver.h"

namespace slipway {

struct Migration {
  int number = 0;
  std::string_view name;
  std::string_view text;
};

// In ascending order of their numbers.
std::span<const Migration> embedded_migrations() noexcept;

// One row of the table schema_migrations.
struct AppliedMigration {
  int number = 0;
  std::string name;
  std::string sha256;
};

// The text for one dialect. internal "storage.migration" where a section is unknown, nested or not closed.
Result<std::string> dialect_text(const Migration& migration, std::string_view dialect);

// The lowest migration of `known` that is not in `applied`; null when there is none. A number below one already applied
// is allowed: modules number in blocks of their own. failed_precondition "storage.schema_newer" where the database has
// one that this program does not know, "storage.schema_changed" where the text differs from the one applied.
Result<const Migration*> next_migration(std::span<const Migration> known, std::span<const AppliedMigration> applied);

// Applies what is missing. Safe when several processes start at once. Precondition: `known` ascends by number.
Status migrate(Driver& driver, std::span<const Migration> known);

}  // namespace slipway

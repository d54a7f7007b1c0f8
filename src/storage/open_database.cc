#include "storage/driver.h"
#include "storage/migrations.h"
#include "storage/postgres.h"
#include "storage/sqlite.h"

namespace slipway {

Result<std::unique_ptr<Driver>> open_driver(const std::string& uri) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (uri.starts_with(kSqlite) && uri.size() > kSqlite.size()) return open_sqlite(uri.substr(kSqlite.size()));
  if (uri.starts_with("postgresql:") || uri.starts_with("postgres:")) return open_postgres(uri);
  // The URI is not shown: it may hold a password.
  return fail(Code::kInvalidArgument, "storage.uri",
              "the database must be 'sqlite:PATH', 'sqlite::memory:' or 'postgresql://USER@HOST/NAME'");
}

Result<std::unique_ptr<Database>> open_database(const std::string& uri) {
  SLIPWAY_TRY(std::unique_ptr<Driver> driver, open_driver(uri));
  SLIPWAY_CHECK(migrate(*driver, embedded_migrations()));
  return driver;
}

}  // namespace slipway

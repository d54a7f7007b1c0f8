// Rows written a second: one a transaction from one thread and from several, and ten thousand a transaction. PostgreSQL
// where SLIPWAY_TEST_POSTGRES is set.
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <optional>

#include "base/id.h"
#include "storage/driver.h"
#include "storage/testing/objects.h"

namespace slipway {
namespace {

constexpr std::string_view kInsert = "INSERT INTO bench_rows (id, label, amount) VALUES ($1, $2, $3)";

// The database of the benchmark that runs; its threads share it.
std::optional<TemporaryDirectory> directory;
std::unique_ptr<Driver> driver;

SqlArguments row() { return {Id::make().to_string(), std::string("a label of some length"), 0.25}; }

void open(const std::string& uri) {
  driver = std::move(open_driver(uri).value());
  const Status made = driver->change_schema([](Connection& connection) {
    return connection.run_script(
        "DROP TABLE IF EXISTS bench_rows;"
        "CREATE TABLE bench_rows (id TEXT PRIMARY KEY, label TEXT, amount DOUBLE PRECISION)");
  });
  if (!made) driver.reset();
}
void open_sqlite_file(const benchmark::State&) {
  directory.emplace();
  open("sqlite:" + (directory->path() / "bench.db").string());
}
void open_postgres_server(const benchmark::State&) {
  if (const char* uri = std::getenv("SLIPWAY_TEST_POSTGRES")) open(uri);
}
void close(const benchmark::State&) {
  driver.reset();
  directory.reset();
}

void write_rows(benchmark::State& state) {
  if (!driver) return state.SkipWithError("no database: is SLIPWAY_TEST_POSTGRES set?");
  std::vector<SqlArguments> rows(static_cast<std::size_t>(state.range(0)));
  for (auto unused : state) {
    for (SqlArguments& each : rows) each = row();
    const Status status = driver->write([&](Transaction& transaction) -> Status {
      if (rows.size() > 1) return transaction.execute_batch(kInsert, rows);
      SLIPWAY_CHECK(transaction.execute(kInsert, rows.front()));
      return {};
    });
    if (!status) return state.SkipWithError(status.error().message.c_str());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void sqlite(benchmark::State& state) { write_rows(state); }
void postgres(benchmark::State& state) { write_rows(state); }
BENCHMARK(sqlite)->Setup(open_sqlite_file)->Teardown(close)->UseRealTime()->Arg(1)->Threads(1)->Threads(8)->Threads(16);
BENCHMARK(sqlite)->Setup(open_sqlite_file)->Teardown(close)->UseRealTime()->Arg(200)->Arg(10'000);
BENCHMARK(postgres)
    ->Setup(open_postgres_server)
    ->Teardown(close)
    ->UseRealTime()
    ->Arg(1)
    ->Threads(1)
    ->Threads(8)
    ->Threads(16);
BENCHMARK(postgres)->Setup(open_postgres_server)->Teardown(close)->UseRealTime()->Arg(200)->Arg(10'000);

}  // namespace
}  // namespace slipway

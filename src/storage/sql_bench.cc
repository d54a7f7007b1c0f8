// Rows written a second, one a transaction and ten thousand a transaction. PostgreSQL where SLIPWAY_TEST_POSTGRES is
// set.
#include <benchmark/benchmark.h>
#include <cstdlib>

#include "base/id.h"
#include "storage/driver.h"
#include "storage/testing/objects.h"

namespace slipway {
namespace {

constexpr std::string_view kInsert = "INSERT INTO bench_rows (id, label, amount) VALUES ($1, $2, $3)";

SqlArguments row() { return {Id::make().to_string(), std::string("a label of some length"), 0.25}; }

void write_rows(benchmark::State& state, const std::string& uri) {
  const auto driver = open_driver(uri);
  const Status made = driver ? (*driver)->change_schema([](Connection& connection) {
    return connection.run_script(
        "DROP TABLE IF EXISTS bench_rows;"
        "CREATE TABLE bench_rows (id TEXT PRIMARY KEY, label TEXT, amount DOUBLE PRECISION)");
  })
                             : Status(fail(driver.error()));
  if (!made) return state.SkipWithError(made.error().message.c_str());
  for (auto unused : state) {
    std::vector<SqlArguments> rows(static_cast<std::size_t>(state.range(0)));
    for (SqlArguments& each : rows) each = row();
    const Status status =
        (*driver)->write([&](Transaction& transaction) { return transaction.execute_batch(kInsert, rows); });
    if (!status) return state.SkipWithError(status.error().message.c_str());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void sqlite_rows(benchmark::State& state) {
  const TemporaryDirectory directory;
  write_rows(state, "sqlite:" + (directory.path() / "bench.db").string());
}
BENCHMARK(sqlite_rows)->Arg(1)->Arg(10'000)->UseRealTime();

void postgres_rows(benchmark::State& state) {
  const char* uri = std::getenv("SLIPWAY_TEST_POSTGRES");
  if (uri == nullptr) return state.SkipWithError("SLIPWAY_TEST_POSTGRES is not set");
  write_rows(state, uri);
}
BENCHMARK(postgres_rows)->Arg(1)->Arg(10'000)->UseRealTime();

}  // namespace
}  // namespace slipway

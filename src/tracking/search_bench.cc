// One call of a search over 20,000 runs of 10 params and 20 metrics each: the page alone, without what hangs on its
// runs. PostgreSQL where SLIPWAY_TEST_POSTGRES is set.
#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "registry/transact.h"
#include "storage/driver.h"
#include "storage/testing/objects.h"
#include "tracking/search_entities.h"
#include "tracking/search_sql.h"

namespace slipway {
namespace {

constexpr std::int64_t kRuns = 20'000;

// Values come of multiplication by primes: spread evenly, the same on every database.
Status fill(Transaction& t, std::int64_t runs) {
  const std::string numbers =
      "WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < " +
      std::to_string(runs) + "), k (j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM k WHERE j < ";
  const std::vector<std::string> statements = {
      "DELETE FROM latest_metrics", "DELETE FROM settled_metrics", "DELETE FROM run_params", "DELETE FROM run_tags",
      "DELETE FROM runs", "DELETE FROM experiments",
      "INSERT INTO experiments (id, name, artifact_location, lifecycle_stage, created_at, updated_at) VALUES "
      "('1', 'one', 'x:/1', 'active', 1, 1), ('2', 'two', 'x:/2', 'active', 1, 1)",
      numbers +
          "0) INSERT INTO runs (number, id, experiment_id, name, user_id, status, start_time, end_time, "
          "lifecycle_stage, created_by) SELECT 1000000000000 + i, 'run' || (100000000 + (i * 7919) % 10000019), "
          "CASE WHEN i % 100 = 0 THEN '2' ELSE '1' END, 'name-' || ((i * 31) % 1009), 'ana', "
          "CASE WHEN i % 10 = 0 THEN 'FAILED' ELSE 'FINISHED' END, 1700000000000 + i * 60000, NULL, 'active', 'ana' "
          "FROM n",
      numbers +
          "9) INSERT INTO run_params (run, key, value) SELECT 1000000000000 + i, 'p' || j, "
          "'v' || ((i * 104729 + j * 7) % (CASE j WHEN 2 THEN 20 WHEN 3 THEN 5000 ELSE 300 END)) FROM n, k",
      numbers +
          "4) INSERT INTO run_tags (run, key, value) SELECT 1000000000000 + i, 'tag' || j, "
          "'v' || ((i * 15485863 + j) % (CASE j WHEN 0 THEN 4 WHEN 1 THEN 100 ELSE 10000 END)) FROM n, k",
      numbers +
          "19) INSERT INTO latest_metrics (run, key, step, time, value, is_nan, model_id, dataset_name, "
          "dataset_digest) SELECT 1000000000000 + i, 'm' || j, 0, 1, ((i * 611953 + j * 7919) % 100003) / 100003.0, 0, "
          "'', '', '' FROM n, k",
      // One run in a hundred still logs.
      "UPDATE runs SET is_settled = 0 WHERE number % 100 = 7",
      "INSERT INTO settled_metrics (run, key, value, is_nan) SELECT x.run, x.key, x.value, x.is_nan "
      "FROM latest_metrics x JOIN runs r ON r.number = x.run WHERE r.is_settled = 1"};
  for (const std::string& statement : statements) SLIPWAY_CHECK(t.execute(statement));
  return {};
}

struct Search {
  const char* name;
  const char* filter;
  std::vector<std::string> order_by;
  std::size_t limit;
  bool is_second_page = false;
};

const std::vector<Search> kSearches = {
    {"default/100", "", {}, 100},
    {"default/1000", "", {}, 1000},
    {"default/1000/page_2", "", {}, 1000, true},
    {"metric_and_param/100", "metrics.m3 > 0.5 and params.p2 = 'v3'", {}, 100},
    {"metric_and_param/1000", "metrics.m3 > 0.5 and params.p2 = 'v3'", {}, 1000},
    {"metric_rare/100", "metrics.m3 > 0.9999", {}, 100},
    {"metric_none/100", "metrics.m3 > 2", {}, 100},
    {"metric_half/100", "metrics.m3 > 0.5", {}, 100},
    {"metric_half/1000", "metrics.m3 > 0.5", {}, 1000},
    {"param_rare/100", "params.p3 = 'v77'", {}, 100},
    {"param_5_percent/1000", "params.p2 = 'v3'", {}, 1000},
    {"param_none/100", "params.p3 = 'nothing'", {}, 100},
    {"tag_quarter/1000", "tags.tag0 = 'v1'", {}, 1000},
    {"tag_rare/100", "tags.tag2 = 'v77'", {}, 100},
    {"param_like_rare/100", "params.p3 LIKE '%4777'", {}, 100},
    {"name_like_half/100", "attributes.run_name LIKE 'name-%5%'", {}, 100},
    {"name_like_rare/100", "attributes.run_name LIKE 'name-1005'", {}, 100},
    {"order_metric/100", "", {"metrics.m3 DESC"}, 100},
    {"order_metric/1000", "", {"metrics.m3 DESC"}, 1000},
    {"order_metric/1000/page_2", "", {"metrics.m3 DESC"}, 1000, true},
    {"order_metric_filter_param/100", "params.p2 = 'v3'", {"metrics.m3 DESC"}, 100},
    {"order_metric_filter_rare/100", "params.p3 = 'v77'", {"metrics.m3 DESC"}, 100},
    {"order_param/100", "", {"params.p3"}, 100},
    {"order_metric_missing/100", "", {"metrics.missing"}, 100},
    {"order_name/100", "", {"attributes.run_name"}, 100},
    {"status_tenth/1000", "attributes.status = 'FAILED'", {}, 1000},
};

void search(benchmark::State& state, Database& database, const Search& search, std::vector<SearchScope> scopes) {
  SearchRequest request;
  request.filter = search.filter;
  request.order_by = search.order_by;
  request.scopes = std::move(scopes);
  request.limit = search.limit;
  std::string token;
  const auto find = [&] {
    return in_read(database, [&](Transaction& t) { return search_page(t, run_search_entity(), request); });
  };
  if (search.is_second_page) {
    token = find()->next_token;
    request.token = token;
  }
  std::vector<double> times_ms;
  std::size_t rows = 0;
  for (auto unused : state) {
    const auto begin = std::chrono::steady_clock::now();
    const auto page = find();
    times_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    if (!page) return state.SkipWithError(page.error().message.c_str());
    rows = page->items.size();
  }
  std::ranges::sort(times_ms);
  state.counters["p50_ms"] = times_ms[times_ms.size() / 2];
  state.counters["p95_ms"] = times_ms[times_ms.size() * 95 / 100];
  state.counters["rows"] = static_cast<double>(rows);
}

std::unique_ptr<Database> filled(const std::string& uri, std::int64_t runs) {
  auto database = open_database(uri);
  const Status status =
      database ? (*database)->write([&](Transaction& t) { return fill(t, runs); }) : Status(fail(database.error()));
  if (!status) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    std::exit(1);
  }
  return *std::move(database);
}

SearchScope scope(const char* experiment) {
  return {{"r.experiment_id", std::string(experiment)}, {"r.lifecycle_stage", std::string("active")}};
}

// The database is filled when its first benchmark runs, once.
void add(const std::string& dialect, const std::string& uri) {
  static std::map<std::string, std::unique_ptr<Database>> databases;
  for (const Search& each : kSearches) {
    benchmark::RegisterBenchmark((dialect + "/" + each.name).c_str(),
                                 [=](benchmark::State& state) {
                                   auto& database = databases[uri];
                                   if (!database) database = filled(uri, kRuns);
                                   search(state, *database, each, {scope("1")});
                                 })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

const bool kAreAdded = [] {
  static const TemporaryDirectory directory;
  add("search_sqlite", "sqlite:" + (directory.path() / "bench.db").string());
  if (const char* uri = std::getenv("SLIPWAY_TEST_POSTGRES"); uri != nullptr) add("search_postgres", uri);
  return true;
}();

}  // namespace
}  // namespace slipway

// CPU time a call: runs created, metrics logged, a page of whole runs read. In memory and many calls a transaction, as
// a server under load commits them, so that the time is that of the statements and not of the disk; and, as durable_…,
// eight threads that each wait for the disk.
#include <benchmark/benchmark.h>

#include "registry/transact.h"
#include "storage/testing/objects.h"
#include "tracking/experiment_store.h"
#include "tracking/run_store.h"

namespace slipway {
namespace {

constexpr int kCallsPerTransaction = 50;

struct Store {
  Store() {
    auto opened = open_database("sqlite::memory:");
    if (!opened) return;
    database = *std::move(opened);
    is_ready = database->write([&](Transaction& t) { return ExperimentStore().ensure_default(t); }).has_value();
  }
  std::unique_ptr<Database> database;
  RunStore runs;
  bool is_ready = false;
};

NewRun client_run() {
  NewRun run;
  run.user_id = "ana";
  run.name = "brave-heron-1";
  run.start_ms = 1'795'000'000'000;
  run.tags = {{"mlflow.user", "ana"},
              {"mlflow.source.name", "/home/ana/project/train.py"},
              {"mlflow.source.type", "LOCAL"},
              {"mlflow.runName", "brave-heron-1"}};
  run.principal = "key:ana";
  return run;
}

std::string make_run(Store& store) {
  return in_write(*store.database, [&](Transaction& t) { return store.runs.create(t, client_run()); })->info.id;
}

// Calls `body` kCallsPerTransaction times in each transaction.
template <typename Body>
void run_calls(benchmark::State& state, Store& store, Body body) {
  if (!store.is_ready) return state.SkipWithError("no database");
  while (state.KeepRunningBatch(kCallsPerTransaction)) {
    const Status status = store.database->write([&](Transaction& t) -> Status {
      for (int i = 0; i < kCallsPerTransaction; ++i) SLIPWAY_CHECK(body(t));
      return {};
    });
    if (!status) return state.SkipWithError(status.error().message.c_str());
  }
  state.SetItemsProcessed(state.iterations());
}

void create_run(benchmark::State& state) {
  Store store;
  run_calls(state, store, [&](Transaction& t) -> Status {
    SLIPWAY_CHECK(store.runs.create(t, client_run()));
    return {};
  });
}
BENCHMARK(create_run);

std::vector<Metric> metrics_of(std::int64_t count, bool has_one_key, std::int64_t& step) {
  std::vector<Metric> metrics(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    metrics[i].key = has_one_key ? "validation_loss" : "validation_loss_" + std::to_string(i);
    metrics[i].value = 0.25 * static_cast<double>(i);
    metrics[i].time_ms = 1'795'000'000'000 + step;
    metrics[i].step = has_one_key ? step++ : step;
  }
  ++step;
  return metrics;
}

void log_metrics(benchmark::State& state, bool has_one_key) {
  Store store;
  const std::string run = make_run(store);
  std::int64_t step = 0;
  run_calls(state, store, [&](Transaction& t) {
    return store.runs.log(t, run, metrics_of(state.range(0), has_one_key, step), {}, {});
  });
}
void log_one_key(benchmark::State& state) { log_metrics(state, true); }
void log_many_keys(benchmark::State& state) { log_metrics(state, false); }
BENCHMARK(log_one_key)->Arg(1)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK(log_many_keys)->Arg(10)->Arg(100)->Arg(1000);

void log_params(benchmark::State& state) {
  Store store;
  std::vector<KeyValue> params;
  for (int i = 0; i < 10; ++i) params.push_back({"learning_rate_" + std::to_string(i), "0.001"});
  run_calls(state, store, [&](Transaction& t) -> Status {
    SLIPWAY_TRY(const Run run, store.runs.create(t, client_run()));
    return store.runs.log(t, run.info.id, {}, params, {});
  });
}
BENCHMARK(log_params);

// Runs of 10 params, 20 metrics and 4 tags.
void load_page(benchmark::State& state) {
  Store store;
  std::vector<Run> page;
  std::vector<KeyValue> params;
  for (int i = 0; i < 10; ++i) params.push_back({"learning_rate_" + std::to_string(i), "0.001"});
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const Status made = store.database->write([&](Transaction& t) -> Status {
      SLIPWAY_TRY(Run run, store.runs.create(t, client_run()));
      page.emplace_back().info = run.info;
      std::int64_t step = 0;
      return store.runs.log(t, run.info.id, metrics_of(20, false, step), params, {});
    });
    if (!made) return state.SkipWithError(made.error().message.c_str());
  }
  for (auto unused : state) {
    std::vector<Run> runs = page;
    const Status status = store.database->read([&](Transaction& t) { return store.runs.load_data(t, runs); });
    if (!status || runs.back().metrics.size() != 20) return state.SkipWithError("not loaded");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(load_page)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

void history_page(benchmark::State& state) {
  Store store;
  const std::string run = make_run(store);
  std::int64_t step = 0;
  for (int i = 0; i < 100; ++i) {
    const Status status = store.database->write(
        [&](Transaction& t) { return store.runs.log(t, run, metrics_of(1000, true, step), {}, {}); });
    if (!status) return state.SkipWithError(status.error().message.c_str());
  }
  std::string token;
  for (auto unused : state) {
    const auto page = in_read(*store.database, [&](Transaction& t) {
      return store.runs.history(t, run, "validation_loss", static_cast<std::size_t>(state.range(0)), token);
    });
    if (!page) return state.SkipWithError(page.error().message.c_str());
    token = page->next_token;
  }
}
BENCHMARK(history_page)->Arg(100)->Arg(25'000)->Unit(benchmark::kMillisecond);

void history_interval(benchmark::State& state) {
  Store store;
  const std::vector<std::string> runs{make_run(store)};
  std::int64_t step = 0;
  for (std::int64_t i = 0; i < state.range(0) / 1000; ++i) {
    const Status status = store.database->write(
        [&](Transaction& t) { return store.runs.log(t, runs[0], metrics_of(1000, true, step), {}, {}); });
    if (!status) return state.SkipWithError(status.error().message.c_str());
  }
  for (auto unused : state) {
    const auto points = in_read(*store.database, [&](Transaction& t) {
      return store.runs.history_interval(t, runs, "validation_loss", {}, {}, 320);
    });
    if (!points || points->size() != 320) return state.SkipWithError("not 320 points");
  }
}
BENCHMARK(history_interval)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

// Eight callers, each with a run of its own; a call returns when it is on the disk.
void durable(benchmark::State& state, std::int64_t metrics) {
  static std::unique_ptr<TemporaryDirectory> directory;
  static std::unique_ptr<Database> database;
  if (state.thread_index() == 0) {
    directory = std::make_unique<TemporaryDirectory>();
    database = open_database("sqlite:" + (directory->path() / "bench.db").string()).value_or(nullptr);
    if (database) (void)database->write([&](Transaction& t) { return ExperimentStore().ensure_default(t); });
  }
  const RunStore runs;
  std::string run;
  std::int64_t step = 0;
  for (auto unused : state) {
    const bool is_create = metrics == 0 || run.empty();
    const Status status = database->write([&](Transaction& t) -> Status {
      if (!is_create) return runs.log(t, run, metrics_of(metrics, false, step), {}, {});
      SLIPWAY_TRY(const Run made, runs.create(t, client_run()));
      run = made.info.id;
      return {};
    });
    if (!status) return state.SkipWithError(status.error().message.c_str());
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) database.reset();
}
void durable_create(benchmark::State& state) { durable(state, 0); }
void durable_log(benchmark::State& state) { durable(state, state.range(0)); }
BENCHMARK(durable_create)->Threads(8)->UseRealTime();
BENCHMARK(durable_log)->Arg(1)->Arg(10)->Arg(100)->Threads(8)->UseRealTime();

}  // namespace
}  // namespace slipway

// How fast records become durable, beside a bare loop that writes and syncs the same bytes in the same directory.
//
// Each figure is records a second ("items_per_second"). SLIPWAY_BENCH_DIR names the directory, else the temporary one.
#include <benchmark/benchmark.h>
#include <condition_variable>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <string>
#include <unistd.h>

#include "audit/log.h"
#include "audit/query.h"
#include "audit/receipt.h"
#include "audit/segment.h"
#include "audit/verify.h"

namespace slipway::audit {
namespace {

constexpr std::size_t kLeafBytes = 512;

class Directory {
 public:
  Directory() {
    const char* const wanted = std::getenv("SLIPWAY_BENCH_DIR");
    const auto parent = wanted != nullptr ? std::filesystem::path(wanted) : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "slipway-bench-XXXXXX").native();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A prediction whose leaf has exactly 512 bytes.
Record make_record(std::string& details) {
  Record record;
  record.action = "predict";
  record.principal = "0193a1b2-key-42";
  record.endpoint = record.model = "income";
  record.version = "1.2.3";
  record.arm = "champion";
  record.http_status = 200;
  record.bundle = sha256("bundle");
  record.input_commitment = sha256("input");
  record.output_commitment = sha256("output");
  record.trace = TraceId{};
  std::array<std::byte, kLeafBytesMax> leaf;
  details.assign(kLeafBytes - encode(record, leaf).value(), 'x');
  record.details = details;
  return record;
}

void encode_record(benchmark::State& state) {
  std::string details;
  Record record = make_record(details);
  std::array<std::byte, kLeafBytesMax> leaf;
  for (auto _ : state) benchmark::DoNotOptimize(encode(record, leaf));
}
BENCHMARK(encode_record);

// What a relaxed record costs the thread that answers the request, the disk apart.
void enqueue_relaxed(benchmark::State& state) {
  CommitQueue queue({16 << 20, 1 << 30, std::chrono::hours(1)}, 0);
  Batch batch;
  std::string details;
  Record record = make_record(details);
  std::array<std::byte, kLeafBytesMax> leaf;
  std::uint64_t count = 0;
  for (auto _ : state) {
    const std::size_t size = encode(record, leaf).value();
    if (!queue.push(std::span(leaf).first(size), Urgency::kRelaxed)) state.SkipWithError("refused");
    if (++count % 128 == 0) queue.take(batch);
  }
}
BENCHMARK(enqueue_relaxed);

void bare_loop(benchmark::State& state) {
  const Directory directory;
  const auto group = static_cast<std::size_t>(state.range(0));
  auto file = make_blank_segment(directory.path() / "bare", 256 << 20).value();
  const std::vector<std::byte> bytes(group * frame_bytes(kLeafBytes), std::byte{'x'});
  std::uint64_t offset = 0;
  for (auto _ : state) {
    if (offset + bytes.size() > (256U << 20)) offset = 0;
    if (!file.write_at(bytes, offset) || ::fdatasync(file.descriptor()) != 0) state.SkipWithError("cannot write");
    offset += bytes.size();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(bare_loop)->Arg(1)->Iterations(10'000)->UseRealTime();
BENCHMARK(bare_loop)->Arg(100)->Iterations(3'000)->UseRealTime();

void durable_single(benchmark::State& state) {
  const Directory directory;
  const auto log = AuditLog::open(directory.path()).value();
  std::string details;
  Record record = make_record(details);
  for (auto _ : state) {
    if (!log->append_durable(record)) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(durable_single)->Iterations(10'000)->UseRealTime();

// Strict records from one thread with at most `range` unanswered, as many requests in flight would have it: while one
// group is synced the next gathers. "group" is how many records a commit held on average.
void durable_grouped(benchmark::State& state) {
  const Directory directory;
  LogOptions options;
  options.segment_bytes = static_cast<std::uint64_t>(state.range(1)) << 20;
  const auto log = AuditLog::open(directory.path(), options).value();
  std::string details;
  Record record = make_record(details);
  std::mutex mutex;
  std::condition_variable answered;
  std::int64_t open = 0;
  const std::int64_t open_max = 2 * state.range(0);
  for (auto _ : state) {
    {
      std::unique_lock lock(mutex);
      if (open >= open_max) answered.wait(lock, [&] { return open <= open_max / 2; });
      ++open;
    }
    log->append_strict(record, [&](Result<std::uint64_t> index) {
      if (!index) std::abort();
      std::lock_guard lock(mutex);
      if (--open == open_max / 2 || open == 0) answered.notify_one();
    });
  }
  {
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return open == 0; });
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["group"] = static_cast<double>(state.iterations()) / static_cast<double>(log->stats().commits);
}
// The second argument is MiB a segment: 512 holds all of it ready beforehand, as the bare loop has it; 64, as
// installed, writes and syncs four segments of zeros meanwhile.
BENCHMARK(durable_grouped)->Args({100, 512})->Args({100, 64})->Iterations(500'000)->UseRealTime();

// One million records: how long a check of everything, a start, a look-up and a receipt take.
class Million {
 public:
  static const Million& get() {
    static const Million million;
    return million;
  }
  const std::filesystem::path& path() const { return directory_.path(); }
  const Id& id() const { return id_; }

 private:
  Million() {
    LogOptions options;
    options.queue_bytes_max = 64 << 20;
    const auto log = AuditLog::open(directory_.path(), options).value();
    std::string details;
    Record record = make_record(details);
    for (int i = 0; i < 1'000'000;) {
      record.id = Id::make();
      if (i == 345'678) id_ = record.id;
      if (log->append_relaxed(record)) {
        ++i;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }
  Directory directory_;
  Id id_;
};

void verify_million(benchmark::State& state) {
  const auto& million = Million::get();
  for (auto _ : state) {
    const auto report = verify(million.path()).value();
    if (!report.is_sound() || report.records != 1'000'000) state.SkipWithError("not sound");
  }
  state.SetItemsProcessed(state.iterations() * 1'000'000);
}
BENCHMARK(verify_million)->Iterations(2)->UseRealTime()->Unit(benchmark::kMillisecond);

void open_million(benchmark::State& state) {
  const auto& million = Million::get();
  for (auto _ : state) {
    auto log = AuditLog::open(million.path()).value();
    state.PauseTiming();
    log.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(open_million)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);

void receipt_of_million(benchmark::State& state) {
  const auto& million = Million::get();
  const auto log = AuditLog::open(million.path()).value();
  for (auto _ : state) {
    if (!receipt(*log, million.id())) state.SkipWithError("no receipt");
  }
}
BENCHMARK(receipt_of_million)->Iterations(50)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace slipway::audit

#include "score/job.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <unistd.h>

#include "base/bounded_queue.h"
#include "score/durable_file.h"

namespace slipway::score {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

struct Task {
  std::unique_ptr<Chunk> chunk;
  std::promise<Result<ScoredChunk>> scored;
};

// The threads that score; each with a scorer of its own.
class Scorers {
 public:
  explicit Scorers(std::size_t queue_max) : queue_(queue_max) {}

  ~Scorers() {
    stop();
    queue_.close();
  }

  Status start(const MakeScorer& make_scorer, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      SLIPWAY_TRY(auto scorer, make_scorer([this](std::chrono::milliseconds time) { return wait(time); }));
      threads_.emplace_back([this, owned = std::shared_ptr<ChunkScorer>(std::move(scorer))] { serve(*owned); });
    }
    return {};
  }

  // Precondition: fewer than queue_max are under way.
  std::future<Result<ScoredChunk>> push(std::unique_ptr<Chunk> chunk) {
    auto task = std::make_unique<Task>();
    task->chunk = std::move(chunk);
    auto scored = task->scored.get_future();
    if (!queue_.try_push(std::move(task))) std::abort();
    return scored;
  }

  // Ends all waiting; what is under way is answered with score.stopped at its next wait.
  void stop() {
    {
      std::lock_guard lock(mutex_);
      is_stopped_ = true;
    }
    stopped_.notify_all();
  }

 private:
  bool wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !stopped_.wait_for(lock, time, [this] { return is_stopped_; });
  }

  bool is_stopped() {
    std::lock_guard lock(mutex_);
    return is_stopped_;
  }

  void serve(ChunkScorer& scorer) {
    while (auto task = queue_.pop()) {
      if (is_stopped()) {
        (*task)->scored.set_value(fail(Code::kCancelled, "score.stopped", "stopped"));
        continue;
      }
      (*task)->scored.set_value(scorer.score(*(*task)->chunk));
    }
  }

  BoundedQueue<std::unique_ptr<Task>> queue_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool is_stopped_ = false;
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace

JobPaths::JobPaths(std::string out, std::string rejects_file)
    : output(std::move(out)),
      rejects(rejects_file.empty() ? output + ".rejects.jsonl" : std::move(rejects_file)),
      partial(output + ".partial"),
      checkpoint(output + ".checkpoint") {}

struct Job::State {
  JobPaths paths;
  DurableFile output;
  DurableFile rejects;
  Checkpoint at;
  Clock::time_point saved = Clock::now();
  Clock::time_point shown{};

  Status save() {
    SLIPWAY_CHECK(output.sync());
    SLIPWAY_CHECK(rejects.sync());
    SLIPWAY_CHECK(write_checkpoint(paths.checkpoint, at));
    saved = Clock::now();
    return {};
  }

  // What a failed write leaves behind is not counted, and cut off by the next run.
  Status write(const ScoredChunk& scored) {
    SLIPWAY_CHECK(output.append(scored.output));
    SLIPWAY_CHECK(rejects.append(scored.rejects));
    at.position = scored.end;
    at.counts.rows += scored.counts.rows;
    at.counts.rejected += scored.counts.rejected;
    at.output_bytes = output.size();
    at.rejects_bytes = rejects.size();
    return {};
  }

  // Waits for the first in flight.
  Result<ScoredChunk> next_scored(std::future<Result<ScoredChunk>>& first, const RowSource& source,
                                  const JobSettings& settings) {
    do {
      if (settings.is_stopped && settings.is_stopped()) return fail(Code::kCancelled, "score.stopped", "stopped");
      show(source, settings);
    } while (first.wait_for(kProgressEvery) != std::future_status::ready);
    return first.get();
  }

  void show(const RowSource& source, const JobSettings& settings) {
    if (!settings.on_progress || Clock::now() - shown < kProgressEvery) return;
    shown = Clock::now();
    settings.on_progress(at.counts, source.progress());
  }

  Status run_to_end(RowSource& source, Scorers& scorers, const JobSettings& settings) {
    const std::size_t in_flight_max = 2 * settings.concurrency;  // the next stands ready when an answer comes
    std::deque<std::future<Result<ScoredChunk>>> in_flight;
    for (bool has_more = true;;) {
      while (has_more && in_flight.size() < in_flight_max) {
        SLIPWAY_TRY(auto chunk, source.next(settings.rows_max));
        has_more = !chunk->rows.empty();
        if (has_more) in_flight.push_back(scorers.push(std::move(chunk)));
      }
      if (in_flight.empty()) return {};
      SLIPWAY_TRY(const ScoredChunk scored, next_scored(in_flight.front(), source, settings));
      in_flight.pop_front();
      SLIPWAY_CHECK(write(scored));
      if (settings.rejects_max && at.counts.rejected > *settings.rejects_max) {
        return fail(Code::kFailedPrecondition, "score.too_many_rejects",
                    std::to_string(at.counts.rejected) + " of " + std::to_string(at.counts.rows) +
                        " rows were rejected; --max-rejects is " + std::to_string(*settings.rejects_max));
      }
      if (Clock::now() - saved >= settings.checkpoint_every) SLIPWAY_CHECK(save());
    }
  }
};

Job::Job(std::unique_ptr<State> state) : state_(std::move(state)) {}
Job::~Job() = default;

Result<std::unique_ptr<Job>> Job::open(JobPaths paths, Checkpoint start) {
  SLIPWAY_TRY(DurableFile output, DurableFile::open(paths.partial, start.output_bytes));
  SLIPWAY_TRY(DurableFile rejects, DurableFile::open(paths.rejects, start.rejects_bytes));
  auto state =
      std::make_unique<State>(State{std::move(paths), std::move(output), std::move(rejects), std::move(start)});
  return std::unique_ptr<Job>(new Job(std::move(state)));
}

Status Job::begin(std::string_view header) {
  SLIPWAY_CHECK(state_->output.append(header));
  state_->at.output_bytes = state_->output.size();
  return state_->save();
}

Status Job::run(RowSource& source, const MakeScorer& make_scorer, const JobSettings& settings) {
  SLIPWAY_CHECK(source.seek(state_->at.position));
  Status ended;
  {
    Scorers scorers(2 * settings.concurrency);
    ended = scorers.start(make_scorer, settings.concurrency);
    if (ended) ended = state_->run_to_end(source, scorers, settings);
  }
  const Status saved = state_->save();
  return ended ? saved : ended;
}

Status Job::finish(bool is_stream) {
  const JobPaths& paths = state_->paths;
  if (is_stream) {
    const std::string made = paths.output + ".new";
    SLIPWAY_CHECK(write_parquet(paths.partial, made));
    SLIPWAY_CHECK(rename_durably(made, paths.output));
    ::unlink(paths.partial.c_str());
  } else {
    SLIPWAY_CHECK(rename_durably(paths.partial, paths.output));
  }
  if (state_->at.counts.rejected == 0) ::unlink(paths.rejects.c_str());
  ::unlink(paths.checkpoint.c_str());
  return {};
}

const Counts& Job::counts() const noexcept { return state_->at.counts; }

}  // namespace slipway::score

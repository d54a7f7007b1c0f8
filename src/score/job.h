// Runs a job: reads chunks, has several scored at a time, writes them in the order of the file, and keeps a checkpoint.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "score/checkpoint.h"
#include "score/chunk.h"
#include "score/chunk_scorer.h"

namespace slipway::score {

// OUT is not there before it is complete: until then its rows are in OUT.partial.
struct JobPaths {
  explicit JobPaths(std::string out, std::string rejects_file);
  std::string output;
  std::string rejects;
  std::string partial;
  std::string checkpoint;
};

struct JobSettings {
  std::size_t rows_max = 1;     // of a request
  std::size_t concurrency = 1;  // requests at a time
  std::optional<std::uint64_t> rejects_max;
  std::chrono::milliseconds checkpoint_every{1'000};
  std::function<void(const Counts&, double share)> on_progress;  // about ten times a second
  std::function<bool()> is_stopped;                              // asked as often
};

// A scorer for one of the threads; it asks `wait` whether to go on.
using MakeScorer = std::function<Result<std::unique_ptr<ChunkScorer>>(Wait wait)>;

class Job {
 public:
  // Begins at `start`: a new job where its position is the source's begin and output_bytes is 0. Fails as
  // DurableFile::open() does.
  static Result<std::unique_ptr<Job>> open(JobPaths paths, Checkpoint start);
  ~Job();

  // Writes what stands before the first row, and the first checkpoint. For a new job.
  Status begin(std::string_view header);

  // To the end of the source. A failure leaves a checkpoint behind, from which a next run goes on. Fails with what a
  // scorer or the source fails with; cancelled "score.stopped" when is_stopped() said so; failed_precondition
  // "score.too_many_rejects".
  Status run(RowSource& source, const MakeScorer& make_scorer, const JobSettings& settings);

  // Gives the output its name. `is_stream`: it is an Arrow stream that becomes a Parquet file.
  Status finish(bool is_stream);

  const Counts& counts() const noexcept;

 private:
  struct State;
  explicit Job(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway::score

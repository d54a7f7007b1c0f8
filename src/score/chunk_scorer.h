// Scores the rows of one chunk: asks, asks again, and splits what fails until the bad row is found.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "score/checkpoint.h"
#include "score/encode.h"
#include "score/plan.h"
#include "score/retry.h"
#include "score/row_writer.h"

namespace slipway::score {

// Sends a request and waits for the answer.
using Ask = std::function<tl::expected<InferReply, Refusal>(const InferBody&)>;
// Waits so long; false, at once, when the job is to end.
using Wait = std::function<bool(std::chrono::milliseconds)>;

struct ScoredChunk {
  std::string output;
  std::string rejects;  // JSON lines
  Counts counts;
  Position end;
};

// One thread's.
class ChunkScorer {
 public:
  ChunkScorer(const Plan& plan, std::string version, std::unique_ptr<RowWriter> writer, Ask ask, Wait wait,
              const RetryPolicy& policy, Random& random = system_random())
      : plan_(plan),
        version_(std::move(version)),
        writer_(std::move(writer)),
        ask_(std::move(ask)),
        wait_(std::move(wait)),
        policy_(policy),
        random_(random) {}

  // Fails with what ends the job: the last error of a request that was not answered within the policy's timeout;
  // cancelled "score.stopped".
  Result<ScoredChunk> score(const Chunk& chunk);

 private:
  using Indices = std::span<const std::size_t>;
  struct Answered {
    std::vector<std::size_t> indices;
    Answer answer;
  };

  Status ask_for(const EncodedRows& rows, Indices indices);
  Status settle(const EncodedRows& rows, Indices indices, const Error& error);
  tl::expected<Answer, Refusal> ask_once(const EncodedRows& rows, Indices indices);
  Status write(const Chunk& chunk, const EncodedRows& rows);
  bool is_writable(const Answer& answer, std::size_t row) const;

  const Plan& plan_;
  std::string version_;
  std::unique_ptr<RowWriter> writer_;
  Ask ask_;
  Wait wait_;
  RetryPolicy policy_;
  Random& random_;
  // Of the chunk under way.
  std::vector<Answered> answered_;
  std::vector<RejectedRow> rejected_;
};

}  // namespace slipway::score

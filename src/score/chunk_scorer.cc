#include "score/chunk_scorer.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/bytes.h"
#include "score/reject.h"

namespace slipway::score {

Result<ScoredChunk> ChunkScorer::score(const Chunk& chunk) {
  answered_.clear();
  rejected_.clear();
  const EncodedRows rows(plan_, chunk, rejected_);
  std::vector<std::size_t> indices(rows.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  for (Indices left = indices; !left.empty();) {
    const std::size_t count = rows.count_alike(left);
    SLIPWAY_CHECK(ask_for(rows, left.first(count)));
    left = left.subspan(count);
  }
  SLIPWAY_CHECK(write(chunk, rows));
  ScoredChunk scored;
  SLIPWAY_TRY(scored.output, writer_->take());
  std::sort(rejected_.begin(), rejected_.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  for (const RejectedRow& rejected : rejected_) append_reject(scored.rejects, plan_, chunk, rejected);
  scored.counts = {chunk.rows.size(), rejected_.size()};
  scored.end = chunk.end;
  return scored;
}

// Asks until there is an answer, or an error that waiting does not mend.
Status ChunkScorer::ask_for(const EncodedRows& rows, Indices indices) {
  const auto begin = std::chrono::steady_clock::now();
  for (int attempt = 1;; ++attempt) {
    auto answer = ask_once(rows, indices);
    if (answer) {
      answered_.push_back({{indices.begin(), indices.end()}, *std::move(answer)});
      return {};
    }
    const Error& error = answer.error().error;
    const Blame blame = blame_for(error);
    if (blame == Blame::kJob) return fail(error);
    if (blame == Blame::kRows || (blame == Blame::kSlow && attempt >= policy_.slow_attempts_max)) {
      return settle(rows, indices, error);
    }
    const auto wait = wait_before(attempt + 1, answer.error().retry_after, policy_, random_);
    if (std::chrono::steady_clock::now() + wait - begin > policy_.timeout) return fail(error);
    if (!wait_(wait)) return fail(Code::kCancelled, "score.stopped", "stopped");
  }
}

// Rows that the error names are rejected and the others asked again; where it names none, they are halved until the
// one that is bad stands alone.
Status ChunkScorer::settle(const EncodedRows& rows, Indices indices, const Error& error) {
  if (indices.size() == 1) {
    rejected_.push_back({rows.row(indices[0]), error});
    return {};
  }
  std::map<std::size_t, Error> named;
  for (const ErrorDetail& detail : error.details) {
    if (detail.row < 0 || static_cast<std::size_t>(detail.row) >= indices.size()) continue;
    Error& of_row =
        named.try_emplace(static_cast<std::size_t>(detail.row), Error{error.code, error.reason, "", {}}).first->second;
    of_row.details.push_back({detail.field, -1, detail.found, detail.rule});
    of_row.message +=
        (of_row.message.empty() ? "" : "; ") + detail.field + " is " + detail.found + ", accepted: " + detail.rule;
  }
  if (named.empty()) {
    SLIPWAY_CHECK(ask_for(rows, indices.first(indices.size() / 2)));
    return ask_for(rows, indices.subspan(indices.size() / 2));
  }
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const auto found = named.find(i);
    if (found == named.end()) {
      left.push_back(indices[i]);
    } else {
      rejected_.push_back({rows.row(indices[i]), std::move(found->second)});
    }
  }
  return left.empty() ? Status() : ask_for(rows, left);
}

tl::expected<Answer, Refusal> ChunkScorer::ask_once(const EncodedRows& rows, Indices indices) {
  auto reply = ask_(rows.body(indices));
  if (!reply) return tl::unexpected(std::move(reply).error());
  auto answer = read_answer(*std::move(reply), plan_.outputs, version_, indices.size());
  if (!answer) return tl::unexpected(Refusal{std::move(answer).error(), {}});
  return *std::move(answer);
}

Status ChunkScorer::write(const Chunk& chunk, const EncodedRows& rows) {
  for (const Answered& part : answered_) {
    for (std::size_t i = 0; i < part.indices.size(); ++i) {
      const std::size_t row = rows.row(part.indices[i]);
      if (is_writable(part.answer, i)) {
        SLIPWAY_CHECK(writer_->add(chunk.values(row), part.answer, i));
      } else {
        rejected_.push_back({row, {Code::kInternal, "score.not_text", "an output is not UTF-8", {}}});
      }
    }
  }
  return {};
}

bool ChunkScorer::is_writable(const Answer& answer, std::size_t row) const {
  for (std::size_t i = 0; i < plan_.outputs.size(); ++i) {
    if (answer.outputs[i].type != DataType::kBytes) continue;
    const RowValues cells = row_values(plan_.outputs[i], answer.outputs[i], row);
    const auto texts = answer.outputs[i].strings.subspan(cells.first, cells.count);
    if (!std::all_of(texts.begin(), texts.end(), [](std::string_view text) { return is_utf8(text); })) return false;
  }
  return true;
}

}  // namespace slipway::score

#include "cli/score_report.h"

#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

using Clock = std::chrono::steady_clock;

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

std::function<void(const score::Counts&, double)> score_progress(const score::Counts& start) {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [start, begin = Clock::now(), first_share = -1.0](const score::Counts& counts, double share) mutable {
    if (first_share < 0) first_share = share;
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    const double rows_per_s = seconds > 0 ? static_cast<double>(counts.rows - start.rows) / seconds : 0;
    const double done = share - first_share;
    const std::string left = done > 0 ? clock_text(seconds * (1 - share) / done) : "?";
    const std::string rejected = counts.rejected == 0 ? "" : "  " + count_text(counts.rejected) + " rejected";
    fmt::print(stderr, "\rScoring  {:3.0f} %  {} rows  {} rows/s  {} left{}\x1b[K", share * 100,
               count_text(counts.rows), count_text(static_cast<std::uint64_t>(rows_per_s)), left, rejected);
    std::fflush(stderr);
  };
}

double ScoreOutcome::rows_per_s() const noexcept {
  return seconds > 0 ? static_cast<double>(counts.rows - before.rows) / seconds : 0;
}

std::string score_text(const ScoreOutcome& outcome) {
  const std::uint64_t scored = outcome.counts.rows - outcome.counts.rejected;
  std::string text = fmt::format("{} rows scored by {}@{} into {}, {} rows/s\n", count_text(scored),
                                 clean(outcome.model), clean(outcome.version), clean(outcome.output),
                                 count_text(static_cast<std::uint64_t>(outcome.rows_per_s())));
  if (outcome.before.rows > 0) {
    text += fmt::format("{} of the {} rows were done by an earlier run\n", count_text(outcome.before.rows),
                        count_text(outcome.counts.rows));
  }
  if (outcome.counts.rejected > 0) {
    text += fmt::format("{} rows were rejected; {} says why\n", count_text(outcome.counts.rejected),
                        clean(outcome.rejects));
  }
  return text;
}

std::string score_json(const ScoreOutcome& outcome) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("model").value(outcome.model).key("version").value(outcome.version);
  json.key("output").value(outcome.output).key("rejects");
  outcome.rejects.empty() ? json.null() : json.value(outcome.rejects);
  json.key("rows").value(outcome.counts.rows);
  json.key("scored").value(outcome.counts.rows - outcome.counts.rejected);
  json.key("rejected").value(outcome.counts.rejected).key("resumed_at").value(outcome.before.rows);
  json.key("rows_a_request").value(outcome.rows_a_request);
  json.key("seconds").value(outcome.seconds).key("rows_per_s").value(outcome.rows_per_s()).end_object();
  return text + '\n';
}

}  // namespace slipway::cli

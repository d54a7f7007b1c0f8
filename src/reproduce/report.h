// What a reproduction found: the verdict, and everything that explains it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "reproduce/compare.h"

namespace slipway::reproduce {

enum class Verdict { kBitIdentical, kWithinTolerance, kDiffers, kCannotRun };
std::string_view to_string(Verdict verdict) noexcept;  // "bit-identical", "within-tolerance", "differs", "cannot-run"

struct Report {
  std::string run_id;
  Digest bundle;  // the digest of run.json
  Verdict verdict = Verdict::kCannotRun;
  std::string reason;  // of kCannotRun, for machines: "reproduce.input_changed"
  std::string why;     // of kDiffers and kCannotRun, one sentence
  int recorded_exit_code = 0;
  std::optional<int> exit_code;        // absent when the command was not run
  std::optional<bool> is_output_same;  // standard output, byte by byte
  std::string last_line;               // that the command wrote to standard error
  std::vector<Comparison> outputs;
  std::vector<std::string> differences;  // between the machines and interpreters
  std::vector<std::string> gaps;         // of the recording
  std::string directory;                 // where it was run, if that was kept
};

// Sets the verdict of a command that was run, from everything else in the report. A command that failed where the
// recorded one did not cannot be judged. Where no output was declared, standard output is judged.
void judge(Report& report);

// One object; real numbers that JSON cannot write are texts.
std::string report_json(const Report& report);

}  // namespace slipway::reproduce

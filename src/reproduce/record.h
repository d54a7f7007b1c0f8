// slipway run record: runs a command and keeps everything that is needed to run it again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "reproduce/bundle.h"
#include "reproduce/process.h"
#include "reproduce/tolerance.h"

namespace slipway::reproduce {

// Told what is being done, for people who wait.
using Say = std::function<void(std::string_view)>;

struct RecordOptions {
  std::vector<std::string> arguments;  // the command
  std::string name;
  std::vector<std::string> inputs;  // files and folders, relative to the current directory
  std::vector<std::string> outputs;
  std::vector<std::string> metric_files;  // outputs, too
  std::optional<std::uint64_t> seed;
  std::vector<std::string> variables;  // names
  std::vector<std::string> secrets;    // names
  Tolerance tolerance;
  std::string bundle;  // the directory to make; "": .slipway/runs/ID in the repository
  std::string python;  // an interpreter; "": the one that the command uses
  bool includes_inputs = false;
  bool may_use_network = true;                  // to ask the package index for digests
  bool keeps_secret_arguments = false;          // what looks like a secret in the command is none
  std::uint64_t output_bytes_max = 256u << 20;  // of an output that is stored
  ByteSink out;
  ByteSink err;
  Say say;
};

// Checks the options and looks at everything that could refuse the recording, before anything runs.
class Recording {
 public:
  // invalid_argument "reproduce.secret", "reproduce.variable", "reproduce.path"; failed_precondition
  // "reproduce.no_repository"; not_found "process.not_found", "file.not_found".
  static Result<Recording> prepare(RecordOptions options);

  // Runs the command and makes the bundle; a command that fails is recorded, too. `added`: variables for it that are
  // not kept.
  Result<Bundle> run(const std::string& id, const Environment& added);

  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;
  ~Recording();

 private:
  struct State;
  explicit Recording(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway::reproduce

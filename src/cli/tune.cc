#include "cli/tune.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <ostream>
#include <thread>
#include <unistd.h>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/model_pull.h"
#include "cli/model_ref.h"
#include "cli/tune_report.h"
#include "reproduce/files.h"
#include "runtime/model_files.h"
#include "runtime/onnx_model.h"
#include "runtime/probe.h"
#include "serving/tune_measure.h"

namespace slipway::cli {
namespace {

struct TuneArguments {
  std::string model;
  std::string policy_path;
  std::string runtime_library;
  std::uint32_t rows_max = 128;
  std::uint32_t instances_max = std::max(1U, std::thread::hardware_concurrency());
  double latency_max_s = 0.01;
  double point_time_s = 0.25;
  std::int64_t other_dimension = 0;
};

std::chrono::microseconds microseconds_of(double seconds) {
  return std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
}

struct Loaded {
  std::shared_ptr<const OnnxModel> model;
  std::string runtime_version;
};

// As a server does it: tried in a child first, since it runs in this process afterwards.
Result<Loaded> load(const std::string& path, const TuneArguments& arguments) {
  ProbeSettings settings;
  settings.runtime_library = arguments.runtime_library;
  SLIPWAY_CHECK(probe_in_child("/proc/self/exe", path, settings));
  SLIPWAY_TRY(const auto runtime, OnnxRuntime::open({.library_path = arguments.runtime_library}));
  SLIPWAY_TRY(const ModelFiles files, open_model_files(path));
  SLIPWAY_TRY(auto model, OnnxModel::load(runtime, files.source()));
  return Loaded{std::move(model), runtime->version()};
}

Status save(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  if (file << text << std::flush) return {};
  return fail(Code::kFailedPrecondition, "cli.write_failed", fmt::format("cannot write {}", path));
}

Result<std::vector<TunePoint>> measure(const OnnxModel& model, const TuneArguments& arguments) {
  TuneSettings settings;
  settings.rows_max = arguments.rows_max;
  settings.instances_max = arguments.instances_max;
  settings.point_time = std::chrono::duration_cast<std::chrono::milliseconds>(microseconds_of(arguments.point_time_s));
  settings.other_dimension = arguments.other_dimension;
  const bool is_terminal = ::isatty(STDERR_FILENO) != 0;
  const std::uint64_t total = measured_points(model, settings);
  std::uint64_t done = 0;
  settings.on_point = [&](const TunePoint&) {
    ++done;
    if (is_terminal) fmt::print(stderr, "\rMeasuring  {} of {} points\x1b[K", done, total);
    return !is_interrupted();
  };
  auto points = measure_points(model, settings);
  end_progress_line();
  return points;
}

Status tune_file(const std::string& path, const TuneArguments& arguments, Context& context) {
  SLIPWAY_TRY(const Loaded loaded, load(path, arguments));
  SLIPWAY_TRY(const std::vector<TunePoint> points, measure(*loaded.model, arguments));
  const TuneSubject subject{.model = arguments.model,
                            .cores = std::max(1U, std::thread::hardware_concurrency()),
                            .runtime_version = loaded.runtime_version,
                            .is_batchable = loaded.model->signature().is_batchable,
                            .goal = {.latency_max = microseconds_of(arguments.latency_max_s)}};
  const TuneProposal proposal = propose_policy(points, subject.goal);
  if (!arguments.policy_path.empty()) SLIPWAY_CHECK(save(arguments.policy_path, batch_section(proposal.policy)));
  context.out << (context.options.is_json ? tune_json(subject, points, proposal)
                                          : tune_text(subject, points, proposal));
  return {};
}

Status tune(const TuneArguments& arguments, Context& context) {
  watch_for_interrupt();
  std::error_code ignored;
  if (std::filesystem::exists(arguments.model, ignored)) return tune_file(arguments.model, arguments, context);
  const auto ref = parse_version_ref(arguments.model);
  if (!ref) return usage_error(fmt::format("{} is no file or directory, and no NAME@VERSION", arguments.model));
  SLIPWAY_TRY(const reproduce::ScratchDirectory scratch, reproduce::ScratchDirectory::make());
  const std::string directory = scratch.path() + "/bundle";
  SLIPWAY_TRY(const Manifest manifest, fetch_bundle(context.options, *ref, directory));
  return tune_file(directory + '/' + manifest.model, arguments, context);
}

}  // namespace

void add_tune_command(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<TuneArguments>();
  CLI::App* command = app.add_subcommand("tune", "Measure a model on this machine and propose its batch policy");
  command->footer(
      "Runs the model on generated rows, more and more of them and on more and more threads, and proposes how many\n"
      "rows should share a run, how many runs there should be at a time, and how long a request may wait for others.\n"
      "Run it where the server runs, while nothing else does.\n\n"
      "Examples:\n  slipway tune model.onnx\n  slipway tune iris@1.0.0 --latency-max 5ms --policy iris-policy.yaml");
  command->add_option("model", arguments->model, "Model file or directory, or a version of the server")
      ->required()
      ->type_name("DIR|FILE|NAME@VERSION");
  const auto add_seconds = [command](const char* name, double& value, const char* meaning) {
    const std::map<std::string, double> units{{"us", 1e-6}, {"ms", 0.001}, {"s", 1}, {"m", 60}};
    command->add_option(name, value, meaning)
        ->transform(CLI::AsNumberWithUnit(units))
        ->check(CLI::Range(1e-5, 600.0))
        ->type_name("TIME");
  };
  add_seconds("--latency-max", arguments->latency_max_s,
              "Longest that a request may take in the server: 5ms, 1s (default 10ms)");
  add_seconds("--point-time", arguments->point_time_s, "How long to measure each point (default 250ms)");
  command->add_option("--rows-max", arguments->rows_max, "Most rows of a run to try")
      ->check(CLI::Range(1, 65'536))
      ->capture_default_str();
  command->add_option("--instances-max", arguments->instances_max, "Most runs at a time to try")
      ->check(CLI::Range(1, 256))
      ->default_str("one for each core");
  command
      ->add_option("--dimension", arguments->other_dimension,
                   "Size of variable dimensions but the first; else the first of 1, 16, 64, 224 that the model takes")
      ->check(CLI::Range(1, 1'000'000'000));
  command->add_option("--policy", arguments->policy_path, "Where to write the proposal, as a policy")
      ->type_name("FILE");
  command
      ->add_option("--runtime-library", arguments->runtime_library, "ONNX Runtime to use instead of the installed one")
      ->type_name("FILE");
  command->callback([arguments, &context] { context.status = tune(*arguments, context); });
}

}  // namespace slipway::cli

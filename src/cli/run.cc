#include "cli/run.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/context.h"
#include "cli/run_record.h"

namespace slipway::cli {
namespace {

constexpr const char* kRecordFooter =
    "Keeps the commit and what was not committed, the command, the Python packages with their digests, the inputs' "
    "digests,\n"
    "seeds, the machine, and the outputs: what `slipway reproduce` needs to run it again and compare.\n\n"
    "The exit code is the command's own. Variables are kept only by name (--env); secrets never.\n\n"
    "Examples:\n"
    "  slipway run record --input data.csv --output model.onnx --metric-file metrics.json -- python train.py\n"
    "  slipway run record --local --seed 7 --tolerance 1e-6 --output weights.npy -- python train.py --epochs 3";

CLI::Option* add_list(CLI::App& command, const char* name, std::vector<std::string>& values, const char* help,
                      const char* type) {
  return command.add_option(name, values, help)->type_name(type)->expected(1)->take_all();
}

void add_record(CLI::App& run, Context& context) {
  auto options = std::make_shared<RunRecordOptions>();
  reproduce::RecordOptions& recording = options->recording;
  CLI::App* command = run.add_subcommand("record", "Run a command and keep everything that is needed to run it again");
  command->footer(kRecordFooter);
  command->add_option("command", recording.arguments, "The command, after --")->required()->type_name("COMMAND");
  add_list(*command, "--input", recording.inputs, "A file or folder that the command reads; may be repeated", "PATH");
  add_list(*command, "--output", recording.outputs, "A file or folder that the command writes; may be repeated",
           "PATH");
  add_list(*command, "--metric-file", recording.metric_files, "An output whose numbers are metrics: a JSON object",
           "FILE");
  command->add_option("--seed", recording.seed, "Handed to the command as SLIPWAY_SEED and PYTHONHASHSEED");
  add_list(*command, "--env", recording.variables, "A variable to keep with its value; may be repeated", "NAME");
  add_list(*command, "--secret", recording.secrets, "A variable that the command needs; only its name is kept", "NAME");
  auto* relative = command
                       ->add_option("--tolerance", options->relative_tolerance,
                                    "How far each number of an output may stand from the recorded one, relative to it")
                       ->check(CLI::Range(0.0, reproduce::kToleranceMax));
  command->add_option("--tolerance-file", options->tolerance_file, "Tolerances for single outputs and numbers, as JSON")
      ->type_name("FILE")
      ->excludes(relative);
  command->add_option("--name", recording.name, "Name of the run")->type_name("NAME");
  command->add_option("--out", recording.bundle, "Where the bundle is written; .slipway/runs/ID without it")
      ->type_name("DIR");
  command->add_option("--python", recording.python, "The interpreter, where the command does not name it")
      ->type_name("FILE");
  command->add_flag("--include-inputs", recording.includes_inputs,
                    "Keep the inputs themselves, not only their digests");
  command->add_flag("--no-network{false}", recording.may_use_network, "Do not ask the package index for digests");
  command->add_flag("--keep-arguments", recording.keeps_secret_arguments,
                    "Keep an argument that looks like a secret and is none");
  command->add_option("--output-bytes-max", recording.output_bytes_max, "Of a larger output only the digest is kept")
      ->capture_default_str();
  auto* local = command->add_flag("--local", options->is_local, "Use no server");
  command->add_option("--experiment", options->experiment, "Experiment of the run on the server")
      ->capture_default_str()
      ->type_name("NAME")
      ->excludes(local);
  command->add_option("--run", options->run_id, "A run of the server to add the bundle to; a new one without it")
      ->type_name("ID")
      ->excludes(local);
  command->callback([options, &context] { context.status = record_run(context, *options); });
}

}  // namespace

void add_run_commands(CLI::App& app, Context& context) {
  CLI::App* run = app.add_subcommand("run", "Runs: record one, so that it can be reproduced");
  run->require_subcommand(1);
  add_record(*run, context);
}

}  // namespace slipway::cli

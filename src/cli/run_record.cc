#include "cli/run_record.h"

#include <fmt/format.h>
#include <optional>
#include <ostream>
#include <unistd.h>

#include "base/id.h"
#include "base/json_writer.h"
#include "cli/exit_code.h"
#include "cli/run_server.h"
#include "cli/text.h"
#include "reproduce/files.h"
#include "reproduce/stream.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kToleranceFileBytesMax = 1u << 20;

Result<reproduce::Tolerance> read_tolerance_option(const RunRecordOptions& options) {
  reproduce::Tolerance tolerance;
  tolerance.standard.relative = options.relative_tolerance;
  if (options.tolerance_file.empty()) return tolerance;
  SLIPWAY_TRY(const std::string text, reproduce::read_file(options.tolerance_file, kToleranceFileBytesMax));
  return reproduce::parse_tolerance(text);
}

// What a client of MLflow in the command finds the same run by.
Result<reproduce::Environment> tracking_variables(const GlobalOptions& global, const std::string& run_id) {
  reproduce::Environment variables = {{"MLFLOW_RUN_ID", run_id}, {"MLFLOW_TRACKING_URI", global.server}};
  SLIPWAY_TRY(const Secret key, read_key(global));
  if (!key.is_empty()) variables["MLFLOW_TRACKING_TOKEN"] = std::string(key.reveal());
  return variables;
}

void print_recorded(Context& context, const reproduce::Bundle& bundle, const std::string& run_id) {
  const reproduce::RunRecord& record = bundle.record();
  if (context.options.is_json) {
    std::string line;
    JsonWriter writer(line);
    writer.begin_object().key("bundle").value(bundle.directory()).key("digest").value(bundle.digest().hex());
    writer.key("exit_code").value(record.command.exit_code).key("id").value(record.id);
    writer.key("on_server").value(!run_id.empty()).key("gaps").begin_array();
    for (const std::string& gap : record.gaps) writer.value(gap);
    writer.end_array().end_object();
    context.err << line << '\n';
    return;
  }
  context.err << fmt::format("Recorded {}: {} inputs, {} outputs, {} packages, exit code {}.\n", record.id,
                             record.inputs.size(), record.outputs.size(),
                             record.python ? record.python->packages.size() : 0, record.command.exit_code);
  for (const std::string& gap : record.gaps) context.err << "  not captured: " << clean(gap) << '\n';
  context.err << fmt::format("Bundle {}, digest {}.\nReproduce it with: slipway reproduce {}\n",
                             clean(bundle.directory()), bundle.digest().hex(),
                             run_id.empty() ? clean(bundle.directory()) : run_id);
}

}  // namespace

Status record_run(Context& context, RunRecordOptions options) {
  SLIPWAY_TRY(options.recording.tolerance, read_tolerance_option(options));
  options.recording.out = reproduce::to_descriptor(STDOUT_FILENO);
  options.recording.err = reproduce::to_descriptor(STDERR_FILENO);
  options.recording.say = [&context](std::string_view text) { context.err << clean(text) << " …\n" << std::flush; };
  const std::string name = options.recording.name;
  SLIPWAY_TRY(reproduce::Recording recording, reproduce::Recording::prepare(std::move(options.recording)));

  std::optional<Api> api;
  std::string run_id = options.run_id;
  reproduce::Environment variables;
  if (!options.is_local) {
    SLIPWAY_TRY(api, Api::connect(context.options));
    if (run_id.empty()) {
      SLIPWAY_TRY(run_id, create_run(*api, options.experiment, name));
    }
    SLIPWAY_TRY(variables, tracking_variables(context.options, run_id));
  }
  auto recorded = recording.run(options.is_local ? Id::make().to_string() : run_id, variables);
  if (!recorded) {
    if (api && options.run_id.empty()) static_cast<void>(fail_run(*api, run_id));  // the first error is the one to tell
    return fail(std::move(recorded).error());
  }
  const reproduce::Bundle& bundle = *recorded;
  context.exit_code = bundle.record().command.exit_code;
  if (api) {
    if (Status sent = send_bundle(*api, run_id, bundle, options.run_id.empty()); !sent) {
      context.err << fmt::format("The bundle is in {}; it could not be sent.\n", clean(bundle.directory()));
      return sent;
    }
  }
  print_recorded(context, bundle, run_id);
  return {};
}

}  // namespace slipway::cli

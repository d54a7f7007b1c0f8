#include "cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "base/json_writer.h"
#include "cli/audit.h"
#include "cli/bench.h"
#include "cli/context.h"
#include "cli/deadletter.h"
#include "cli/exit_code.h"
#include "cli/key.h"
#include "cli/lineage.h"
#include "cli/model.h"
#include "cli/policy.h"
#include "cli/probe.h"
#include "cli/reproduce.h"
#include "cli/run.h"
#include "cli/score.h"
#include "cli/text.h"
#include "cli/tune.h"
#include "cli/webhook.h"

namespace slipway::cli {
namespace {

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.add_option("--server", options.server, "Address of the server")
      ->envname("SLIPWAY_SERVER")
      ->default_val("http://127.0.0.1:8080")
      ->type_name("URL");
  app.add_option("--key", options.key, "API key; others can read it in the list of processes, prefer --key-file")
      ->envname("SLIPWAY_KEY")
      ->type_name("KEY");
  app.add_option("--key-file", options.key_file, "File whose first line is the API key; readable by you alone")
      ->envname("SLIPWAY_KEY_FILE")
      ->type_name("FILE");
  app.add_option("--as", options.claimed_name, "Who you are, to a server that runs with --auth off")->type_name("NAME");
  app.add_option("--ca", options.ca_file, "Certificates to trust, in PEM; the system's without it")
      ->envname("SLIPWAY_CA")
      ->type_name("FILE");
  app.add_flag("--json", options.is_json, "Print what the server answered, as JSON");
}

// For machines, the same members as the server's own error bodies.
std::string error_json(const Error& error) {
  std::string text;
  JsonWriter writer(text);
  writer.begin_object().key("error").value(error.message).key("code").value(to_string(error.code));
  writer.key("reason").value(error.reason).key("details").begin_array();
  for (const ErrorDetail& detail : error.details) {
    writer.begin_object().key("field").value(detail.field);
    if (detail.row >= 0) writer.key("row").value(detail.row);
    writer.key("found").value(detail.found).key("rule").value(detail.rule).end_object();
  }
  writer.end_array().end_object();
  return text + '\n';
}

// CLI11's own numbers say more than a shell needs: help and version are fine, everything else is a wrong command line.
int exit_after(const CLI::App& app, const CLI::ParseError& error, std::ostream& out, std::ostream& err) {
  const int code = app.exit(error, out, err);
  return code == 0 ? kDone : kUsage;
}

}  // namespace

int run(std::vector<std::string> arguments, std::ostream& out, std::ostream& err, const std::vector<AddCommand>& more) {
  CLI::App app("Slipway takes a model file to a validated, approved and audited endpoint.", "slipway");
  Context context{{}, out, err, {}, kDone};
  app.require_subcommand(1);
  app.fallthrough();  // global options may stand anywhere
  app.set_version_flag("--version", "slipway " SLIPWAY_VERSION);
  app.footer(
      "Begin with:\n"
      "  slipway serve --data ./data --auth off\n"
      "  slipway model push model.onnx --name iris --version 1.0.0\n"
      "\nExit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 no server answered,\n"
      "4 a reproduction that could not be run, 5 a file that was scored but for rejected rows.\n"
      "`slipway run record` exits as its command does.\n"
      "SLIPWAY_SERVER, SLIPWAY_KEY, SLIPWAY_KEY_FILE and SLIPWAY_CA stand for the options of the same name.");
  add_global_options(app, context.options);
  for (const AddCommand& add : more) add(app, context.exit_code);
  add_model_commands(app, context);
  add_key_commands(app, context);
  add_policy_commands(app, context);
  add_webhook_commands(app, context);
  add_dead_letter_commands(app, context);
  add_audit_commands(app, context);
  add_lineage_commands(app, context);
  add_run_commands(app, context);
  add_reproduce_command(app, context);
  add_probe_command(app, context);
  add_bench_command(app, context);
  add_tune_command(app, context);
  add_score_command(app, context);

  std::reverse(arguments.begin(), arguments.end());  // what CLI11 expects of a vector
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return exit_after(app, error, out, err);
  }
  out.flush();
  if (context.status) return context.exit_code;
  const Error& error = context.status.error();
  err << (context.options.is_json ? error_json(error) : error_text(error));
  return context.exit_code != kDone ? context.exit_code : exit_code_of(error);
}

}  // namespace slipway::cli

#include "cli/reproduce.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <ostream>
#include <unistd.h>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/recorded_run.h"
#include "cli/run_server.h"
#include "cli/text.h"
#include "reproduce/files.h"
#include "reproduce/reproduction.h"
#include "reproduce/stream.h"

namespace slipway::cli {
namespace {

struct Options {
  std::string run;
  std::uint64_t timeout_seconds = 0;
  reproduce::ReproduceOptions reproduction;
};

std::string deviation_text(const reproduce::Comparison& output) {
  if (!output.why.empty()) return output.why;
  if (!output.largest) return "";
  const reproduce::Deviation& largest = *output.largest;
  const std::string relative = std::isfinite(largest.relative) ? fmt::format(", {:.3g} of it", largest.relative) : "";
  return fmt::format("{} -> {} at {} ({:.3g} apart{})", largest.recorded, largest.reproduced, largest.where,
                     largest.absolute, relative);
}

// A bundle's directory, a run of the server, or the run that a version came of. `scratch` holds what is fetched.
Result<reproduce::Bundle> find_bundle(Context& context, const std::string& run, const std::string& scratch) {
  std::error_code error;
  if (std::filesystem::exists(run + "/" + std::string(reproduce::kRunFile), error)) return reproduce::Bundle::open(run);
  if (std::filesystem::exists(run, error) || run.find('/') != run.npos)
    return usage_error(fmt::format("{} is no recorded run: it has no run.json", run));
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  if (run.find('@') == run.npos) return fetch_bundle(api, run, scratch + "/bundle");
  SLIPWAY_TRY(const ModelRef version, parse_version_ref(run));
  SLIPWAY_TRY(const std::string recorded, recorded_run_of(api, version));
  context.err << fmt::format("{} came of the run {}.\n", clean(run), clean(recorded));
  return fetch_bundle(api, recorded, scratch + "/bundle");
}

int exit_code_of(reproduce::Verdict verdict) {
  switch (verdict) {
    case reproduce::Verdict::kBitIdentical:
    case reproduce::Verdict::kWithinTolerance:
      return kDone;
    case reproduce::Verdict::kDiffers:
      return kRefused;
    case reproduce::Verdict::kCannotRun:
      break;
  }
  return kUndecided;
}

Status reproduce_and_print(Context& context, Options options) {
  SLIPWAY_TRY(const reproduce::ScratchDirectory scratch, reproduce::ScratchDirectory::make());
  SLIPWAY_TRY(const reproduce::Bundle bundle, find_bundle(context, options.run, scratch.path()));
  options.reproduction.timeout = std::chrono::seconds(options.timeout_seconds);
  options.reproduction.out = reproduce::to_descriptor(STDERR_FILENO);  // standard output is for the report alone
  options.reproduction.err = reproduce::to_descriptor(STDERR_FILENO);
  options.reproduction.say = [&context](std::string_view text) { context.err << clean(text) << " …\n" << std::flush; };
  SLIPWAY_TRY(const reproduce::Report report, reproduce::reproduce_run(bundle, options.reproduction));
  context.out << (context.options.is_json ? reproduce::report_json(report) + '\n' : describe_reproduction(report));
  context.exit_code = exit_code_of(report.verdict);
  return {};
}

}  // namespace

std::string describe_reproduction(const reproduce::Report& report) {
  std::string text = facts({{"run", report.run_id},
                            {"bundle", report.bundle.hex()},
                            {"verdict", std::string(reproduce::to_string(report.verdict))},
                            {"why", report.why},
                            {"reason", report.reason},
                            {"kept in", report.directory}});
  if (!report.outputs.empty()) {
    Table table({"OUTPUT", "MATCH", "LARGEST DEVIATION"});
    for (const reproduce::Comparison& output : report.outputs)
      table.add({output.path, std::string(reproduce::to_string(output.match)), deviation_text(output)});
    text += '\n' + table.to_string();
  }
  const auto add_list = [&text](std::string_view heading, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    text += fmt::format("\n{}\n", heading);
    for (const std::string& line : lines) text += "  " + clean(line) + '\n';
  };
  add_list("This machine is another:", report.differences);
  add_list("Not captured when it was recorded:", report.gaps);
  return text;
}

void add_reproduce_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  reproduce::ReproduceOptions& reproduction = options->reproduction;
  CLI::App* command = app.add_subcommand("reproduce", "Run a recorded run again in a fresh environment, and compare");
  command->footer(
      "The verdict is bit-identical or within-tolerance (exit code 0), differs (1), or cannot-run (4). The recorded "
      "command\n"
      "runs with your rights: reproduce only what you would run.\n\n"
      "Examples:\n"
      "  slipway reproduce iris@1.2.0\n"
      "  slipway reproduce .slipway/runs/0198c6e2-…\n"
      "  slipway reproduce 1f0c9c7a2b6e4d0e8a8f3a2b1c0d9e8f --input-dir /mnt/data --keep again");
  command->add_option("run", options->run, "A version or a run of the server, or the directory of a bundle")
      ->required()
      ->type_name("NAME@VERSION|RUN|DIR");
  command->add_option("--keep", reproduction.keep, "Run in this new directory and leave it")->type_name("DIR");
  command->add_option("--input-dir", reproduction.input_folders, "Where to look for inputs; may be repeated")
      ->type_name("DIR")
      ->expected(1)
      ->take_all();
  command->add_option("--repository", reproduction.repository, "Where to fetch the commit from")->type_name("URL|DIR");
  command->add_option("--python", reproduction.python, "The interpreter to use; one is looked for without it")
      ->type_name("FILE");
  command->add_option("--secret", reproduction.secrets, "A variable that the command may have; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->take_all();
  command->add_flag("--no-network{false}", reproduction.may_use_network,
                    "Fetch neither commit nor packages; the command itself is not kept from the network");
  command->add_option("--timeout", options->timeout_seconds, "Seconds that the command may take; no limit without it")
      ->type_name("SECONDS");
  command->callback([options, &context] { context.status = reproduce_and_print(context, *options); });
}

}  // namespace slipway::cli

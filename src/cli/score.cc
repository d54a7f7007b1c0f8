#include "cli/score.h"

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <ostream>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/score_job.h"
#include "cli/score_report.h"

namespace slipway::cli {
namespace {

Status score_and_report(const ScoreArguments& arguments, Context& context) {
  watch_for_interrupt();
  SLIPWAY_TRY(const ScoreOutcome outcome, score_file(arguments, context.options));
  context.out << (context.options.is_json ? score_json(outcome) : score_text(outcome));
  if (outcome.counts.rejected > 0) context.exit_code = kRejected;
  return {};
}

}  // namespace

void add_score_command(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<ScoreArguments>();
  CLI::App* command = app.add_subcommand("score", "Predict for each row of a file");
  command->footer(
      "The formats of FILE and OUT are those of their extensions: .csv, .jsonl (or .ndjson), .parquet; FILE may be\n"
      "compressed: .csv.gz, .jsonl.gz. Rows keep their order, and one version answers them all.\n"
      "A row that gets no answer goes to the reject file with its line and the reason, and the others go on.\n"
      "A run that was killed is gone on with by the same command; OUT is there when it is complete.\n\n"
      "Exits with 5 when rows were rejected.\n\n"
      "Examples:\n  slipway score iris flowers.csv -o labels.csv --keep id\n"
      "  slipway score risk@1.2.0 loans.parquet -o risk.parquet --keep all --max-rejects 100\n"
      "  slipway score mlp pixels.jsonl -o digits.jsonl --input X=pixels");
  command->add_option("endpoint", arguments->endpoint, "What to ask; the version may be a label")
      ->required()
      ->type_name("NAME[@VERSION]");
  command->add_option("file", arguments->file, "Rows to score")->required()->type_name("FILE");
  command->add_option("-o,--output", arguments->output, "Where the answers go")->required()->type_name("OUT");
  command->add_option("--keep", arguments->keep, "Columns of FILE that OUT has too, before the answers; all for all")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("COLUMN,…");
  command
      ->add_option("--input", arguments->inputs,
                   "Columns that make an input, where neither the contract nor their names say it; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME=COLUMN,…");
  command->add_option("--rows", arguments->rows, "Rows in a request; 1 for a model without a batch axis")
      ->check(CLI::Range(1, 65'536))
      ->default_str("up to 1000, by the model");
  command->add_option("--concurrency", arguments->concurrency, "Requests at a time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--rejects", arguments->rejects, "Where rows go that get no answer")
      ->type_name("FILE")
      ->default_str("OUT.rejects.jsonl");
  command->add_option("--max-rejects", arguments->rejects_max, "Stop when more rows were rejected")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 53))
      ->default_str("no limit");
  const std::map<std::string, double> units{{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
  command
      ->add_option("--retry-timeout", arguments->retry_timeout_s,
                   "How long to wait for a server that is away or has too much to do: 30s, 10m (default 60s)")
      ->transform(CLI::AsNumberWithUnit(units))
      ->check(CLI::Range(0.0, 604'800.0))
      ->type_name("TIME");
  command->add_flag("--quiet", arguments->is_quiet, "No line of progress");
  command->callback([arguments, &context] { context.status = score_and_report(*arguments, context); });
}

}  // namespace slipway::cli

#include "cli/score.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <ostream>
#include <sys/stat.h>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/score_report.h"
#include "cli/score_server.h"
#include "score/job.h"

namespace slipway::cli {
namespace {

using score::Checkpoint;

struct ScoreArguments {
  std::string endpoint;
  std::string file;
  std::string output;
  std::vector<std::string> inputs;
  std::vector<std::string> keep;
  std::string rejects;
  std::size_t concurrency = 4;
  std::size_t rows = 0;  // 0: by the model
  std::int64_t rejects_max = -1;
  double retry_timeout_s = 60;
  bool is_quiet = false;
};

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1e3));
}

// As many as make a request worth its while, within a megabyte or so.
std::size_t rows_a_request(const ScoreArguments& arguments, const score::ScoredModel& model) {
  constexpr std::size_t kRowsMax = 1'000;
  constexpr std::size_t kRequestBytes = std::size_t{1} << 20;
  constexpr std::size_t kTextBytes = 32;
  if (!model.is_batched) return 1;
  if (arguments.rows > 0) return arguments.rows;
  std::size_t row_bytes = 1;
  for (const TensorSpec& spec : model.inputs) {
    const std::size_t values = score::row_tensor(spec, true).value_count().value_or(1);
    row_bytes += values * (spec.type == DataType::kBytes ? kTextBytes : element_size(spec.type));
  }
  return std::clamp<std::size_t>(kRequestBytes / row_bytes, 1, kRowsMax);
}

std::string joined(const std::vector<std::string>& parts) { return fmt::format("{}", fmt::join(parts, " ")); }

std::string tensors_text(const std::vector<TensorSpec>& tensors) {
  std::string text;
  for (const TensorSpec& tensor : tensors) {
    text += fmt::format("{}{} {} [{}]", text.empty() ? "" : ", ", tensor.name, to_string(tensor.type),
                        fmt::join(tensor.shape, ","));
  }
  return text;
}

// All that the rows of the output depend on.
score::Identity identity_of(const ScoreArguments& arguments, const score::ScoredModel& model, const score::Plan& plan,
                            const score::JobPaths& paths) {
  struct stat status {};
  ::stat(arguments.file.c_str(), &status);
  const auto changed_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  return {
      {"the endpoint", model.name},
      {"the version", model.version},
      {"the size of the input file", std::to_string(status.st_size)},
      {"the time at which the input file was changed", std::to_string(changed_ns)},
      {"what the model takes", tensors_text(model.inputs)},
      {"what the model gives", tensors_text(model.outputs)},
      {"--input", joined(arguments.inputs)},
      {"--keep", joined(arguments.keep)},
      {"the columns that are read", joined(plan.columns)},
      {"the rows of a request", std::to_string(rows_a_request(arguments, model))},
      {"the reject file", paths.rejects},
  };
}

struct Endpoint {
  std::string name;
  std::string version;  // "": the one that answers when none is named
};

Endpoint parse_endpoint(const std::string& text) {
  const std::size_t at = text.rfind('@');
  if (at == text.npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

// A job that was begun keeps its version, whatever the endpoint answers with by now.
Result<score::ScoredModel> find_model(Api& api, const ScoreArguments& arguments,
                                      const std::optional<Checkpoint>& before) {
  const Endpoint endpoint = parse_endpoint(arguments.endpoint);
  const bool is_pinned = endpoint.version.empty() && before;
  auto model = describe_model(api, endpoint.name, is_pinned ? before->version : endpoint.version);
  if (model || !is_pinned) return model;
  Error error = std::move(model).error();
  error.message += fmt::format(" (the job was begun with {}@{})", endpoint.name, before->version);
  return fail(std::move(error));
}

Result<score::Plan> plan_of(Api& api, const ScoreArguments& arguments, const score::ScoredModel& model,
                            const score::RowSource& source, score::FileFormat format) {
  std::vector<score::InputMapping> mappings;
  for (const std::string& text : arguments.inputs) {
    SLIPWAY_TRY(mappings.emplace_back(), score::parse_input_mapping(text));
  }
  SLIPWAY_TRY(const std::optional<BoundContract> contract, fetch_contract(api, model));
  score::PlanRequest request;
  request.file_columns = source.columns();
  request.holds_lists = format != score::FileFormat::kCsv;
  request.mappings = mappings;
  request.contract = contract ? &*contract : nullptr;
  request.keep = arguments.keep;
  if (request.keep == std::vector<std::string>{"all"}) request.keep = {"*"};
  SLIPWAY_TRY(score::Plan plan, score::make_plan(model, request));
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    if (source.kind_of(plan.file_columns[i]) != score::Value::Kind::kNull) continue;
    return fail(Code::kInvalidArgument, "score.column_type",
                fmt::format("the column '{}' holds structures, which no tensor can", plan.columns[i]));
  }
  return plan;
}

score::KeptKinds kinds_of(const score::Plan& plan, const score::RowSource& source) {
  score::KeptKinds kinds;
  for (const score::KeptColumn& kept : plan.kept) kinds.push_back(source.kind_of(plan.file_columns[kept.column]));
  return kinds;
}

Status refuse_existing(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  return fail(Code::kAlreadyExists, "score.output_exists",
              fmt::format("{} is there already; remove it, or name another", path));
}

// What is there from before: nothing for a new job.
Result<std::optional<Checkpoint>> find_checkpoint(const score::JobPaths& paths) {
  SLIPWAY_CHECK(refuse_existing(paths.output));
  SLIPWAY_TRY(auto before, score::read_checkpoint(paths.checkpoint));
  if (!before) SLIPWAY_CHECK(refuse_existing(paths.rejects));
  return before;
}

Error with_way_on(Error error, const ScoreArguments& arguments) {
  if (error.reason == "score.stopped") error.message = "interrupted";
  error.message += fmt::format("; what was scored of {} is kept, the same command goes on from there", arguments.file);
  return error;
}

Status score_file(const ScoreArguments& arguments, Context& context) {
  const auto begin = std::chrono::steady_clock::now();
  SLIPWAY_TRY(const score::FileKind in, score::file_kind(arguments.file));
  SLIPWAY_TRY(const score::FileKind out, score::file_kind(arguments.output));
  if (out.is_compressed) return usage_error("the output is not compressed; leave .gz out");
  const score::JobPaths paths(arguments.output, arguments.rejects);
  SLIPWAY_TRY(const std::optional<Checkpoint> before, find_checkpoint(paths));
  SLIPWAY_TRY(const std::unique_ptr<score::RowSource> source, score::open_rows(arguments.file, in.format));
  SLIPWAY_TRY(Api api, Api::connect(context.options));
  SLIPWAY_TRY(const score::ScoredModel model, find_model(api, arguments, before));
  SLIPWAY_TRY(const score::Plan plan, plan_of(api, arguments, model, *source, in.format));
  source->select(plan.file_columns);
  const score::KeptKinds kinds = kinds_of(plan, *source);
  SLIPWAY_TRY(const auto writer, score::make_row_writer(out.format, plan, kinds));

  Checkpoint start{model.version, identity_of(arguments, model, plan, paths), source->position(), {}, 0, 0};
  if (before) {
    SLIPWAY_CHECK(score::check_same(*before, start.identity, paths.checkpoint));
    start = *before;
  }
  SLIPWAY_TRY(const std::unique_ptr<score::Job> job, score::Job::open(paths, start));
  if (!before) {
    SLIPWAY_TRY(const std::string header, writer->header());
    SLIPWAY_CHECK(job->begin(header));
  }
  score::JobSettings settings;
  settings.rows_max = rows_a_request(arguments, model);
  settings.concurrency = arguments.concurrency;
  if (arguments.rejects_max >= 0) settings.rejects_max = static_cast<std::uint64_t>(arguments.rejects_max);
  if (!arguments.is_quiet) settings.on_progress = score_progress(start.counts);
  settings.is_stopped = &is_interrupted;
  score::RetryPolicy retry;
  retry.timeout = milliseconds_of(arguments.retry_timeout_s);
  const score::MakeScorer make_scorer = [&](score::Wait wait) -> Result<std::unique_ptr<score::ChunkScorer>> {
    SLIPWAY_TRY(score::Ask ask, make_ask(context.options, model));
    SLIPWAY_TRY(auto own_writer, score::make_row_writer(out.format, plan, kinds));
    return std::make_unique<score::ChunkScorer>(plan, model.version, std::move(own_writer), std::move(ask),
                                                std::move(wait), retry);
  };
  const Status ended = job->run(*source, make_scorer, settings);
  if (settings.on_progress) end_progress_line();
  if (!ended) return fail(with_way_on(ended.error(), arguments));
  SLIPWAY_CHECK(job->finish(out.format == score::FileFormat::kParquet));

  ScoreOutcome outcome;
  outcome.model = model.name;
  outcome.version = model.version;
  outcome.output = paths.output;
  outcome.counts = job->counts();
  outcome.before = start.counts;
  if (outcome.counts.rejected > 0) outcome.rejects = paths.rejects;
  outcome.rows_a_request = settings.rows_max;
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
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
  command->callback([arguments, &context] {
    watch_for_interrupt();
    context.status = score_file(*arguments, context);
  });
}

}  // namespace slipway::cli

#include "cli/score_job.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <sys/stat.h>

#include "cli/exit_code.h"
#include "cli/score_server.h"
#include "score/job.h"

namespace slipway::cli {
namespace {

using score::Checkpoint;

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

// All that is known before the first row is read.
struct Prepared {
  score::JobPaths paths;
  score::FileFormat out;
  std::unique_ptr<score::RowSource> source;
  score::ScoredModel model;
  score::Plan plan;
  score::KeptKinds kinds;
  bool goes_on = false;
  Checkpoint start;
};

Result<Prepared> prepare(const ScoreArguments& arguments, const GlobalOptions& options) {
  SLIPWAY_TRY(const score::FileKind in, score::file_kind(arguments.file));
  SLIPWAY_TRY(const score::FileKind out, score::file_kind(arguments.output));
  if (out.is_compressed) return usage_error("the output is not compressed; leave .gz out");
  Prepared made{score::JobPaths(arguments.output, arguments.rejects), out.format, {}, {}, {}, {}, false, {}};
  SLIPWAY_TRY(const std::optional<Checkpoint> before, find_checkpoint(made.paths));
  SLIPWAY_TRY(made.source, score::open_rows(arguments.file, in.format));
  SLIPWAY_TRY(Api api, Api::connect(options));
  SLIPWAY_TRY(made.model, find_model(api, arguments, before));
  SLIPWAY_TRY(made.plan, plan_of(api, arguments, made.model, *made.source, in.format));
  made.source->select(made.plan.file_columns);
  made.kinds = kinds_of(made.plan, *made.source);
  const score::Identity identity = identity_of(arguments, made.model, made.plan, made.paths);
  made.goes_on = before.has_value();
  if (made.goes_on) {
    SLIPWAY_CHECK(score::check_same(*before, identity, made.paths.checkpoint));
    made.start = *before;
  } else {
    made.start = {made.model.version, identity, made.source->position(), {}, 0, 0};
  }
  return made;
}

Result<std::unique_ptr<score::Job>> open_job(const Prepared& prepared) {
  SLIPWAY_TRY(const auto writer, score::make_row_writer(prepared.out, prepared.plan, prepared.kinds));
  SLIPWAY_TRY(const std::string header, writer->header());
  SLIPWAY_TRY(auto job, score::Job::open(prepared.paths, prepared.start));
  if (!prepared.goes_on) SLIPWAY_CHECK(job->begin(header));
  return job;
}

Status run_job(score::Job& job, const Prepared& prepared, const ScoreArguments& arguments,
               const GlobalOptions& options) {
  score::JobSettings settings;
  settings.rows_max = rows_a_request(arguments, prepared.model);
  settings.concurrency = arguments.concurrency;
  if (arguments.rejects_max >= 0) settings.rejects_max = static_cast<std::uint64_t>(arguments.rejects_max);
  if (!arguments.is_quiet) settings.on_progress = score_progress(prepared.start.counts);
  settings.is_stopped = &is_interrupted;
  score::RetryPolicy retry;
  retry.timeout = milliseconds_of(arguments.retry_timeout_s);
  const score::MakeScorer make_scorer = [&](score::Wait wait) -> Result<std::unique_ptr<score::ChunkScorer>> {
    SLIPWAY_TRY(score::Ask ask, make_ask(options, prepared.model));
    SLIPWAY_TRY(auto writer, score::make_row_writer(prepared.out, prepared.plan, prepared.kinds));
    return std::make_unique<score::ChunkScorer>(prepared.plan, prepared.model.version, std::move(writer),
                                                std::move(ask), std::move(wait), retry);
  };
  const Status ended = job.run(*prepared.source, make_scorer, settings);
  if (settings.on_progress) end_progress_line();
  if (!ended) return fail(with_way_on(ended.error(), arguments));
  return job.finish(prepared.out == score::FileFormat::kParquet);
}

}  // namespace

Result<ScoreOutcome> score_file(const ScoreArguments& arguments, const GlobalOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  SLIPWAY_TRY(const Prepared prepared, prepare(arguments, options));
  SLIPWAY_TRY(const std::unique_ptr<score::Job> job, open_job(prepared));
  SLIPWAY_CHECK(run_job(*job, prepared, arguments, options));
  ScoreOutcome outcome;
  outcome.model = prepared.model.name;
  outcome.version = prepared.model.version;
  outcome.output = prepared.paths.output;
  outcome.counts = job->counts();
  outcome.before = prepared.start.counts;
  if (outcome.counts.rejected > 0) outcome.rejects = prepared.paths.rejects;
  outcome.rows_a_request = rows_a_request(arguments, prepared.model);
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return outcome;
}

}  // namespace slipway::cli

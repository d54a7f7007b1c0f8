#include "reproduce/record.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "reproduce/data_paths.h"
#include "reproduce/git.h"
#include "reproduce/metrics.h"
#include "reproduce/names.h"
#include "reproduce/python.h"
#include "reproduce/redaction.h"
#include "reproduce/stream.h"
#include "reproduce/variables.h"

namespace slipway::reproduce {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMetricFileBytesMax = 16u << 20;
constexpr std::size_t kGapsMax = 1'000;

Status check_arguments(const RecordOptions& options) {
  for (const std::string& argument : options.arguments) {
    if (!is_utf8(argument))
      return fail(Code::kInvalidArgument, "reproduce.path", "an argument of the command is no UTF-8");
  }
  if (options.keeps_secret_arguments) return {};
  if (const auto at = find_secret_argument(options.arguments)) {
    return fail(
        Code::kInvalidArgument, "reproduce.secret",
        fmt::format("argument {} of the command looks like a secret, and a bundle is kept for long; hand it over "
                    "in a variable named with --secret, or say --keep-arguments when it is none",
                    *at));
  }
  return {};
}

Status check_secrets(const std::vector<std::string>& names, const Environment& environment) {
  for (const std::string& name : names) {
    if (!is_settable_variable(name) || !environment.contains(name))
      return fail(Code::kInvalidArgument, "reproduce.variable",
                  fmt::format("--secret {}: there is no such variable", name));
  }
  return {};
}

std::string value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

}  // namespace

struct Recording::State {
  RecordOptions options;
  Environment environment = this_environment();
  std::string directory;  // where the command runs
  WorkTree tree;
  RunRecord record;
  std::vector<DataPath> inputs;
  std::vector<std::string> metric_paths;
  std::string program;
  std::optional<Interpreter> interpreter;
  Changes changes;

  void say(const std::string& text) const {
    if (options.say) options.say(text);
  }
  void gap(std::string text) {
    if (record.gaps.size() < kGapsMax) record.gaps.push_back(std::move(text));
  }

  Status look_at_place() {
    std::error_code error;
    directory = fs::current_path(error).string();
    if (error) return fail(Code::kFailedPrecondition, "file.error", "the current directory is gone");
    SLIPWAY_TRY(tree, find_work_tree(directory));
    const std::string relative = fs::path(directory).lexically_relative(tree.root).generic_string();
    record.command.directory = relative == "." ? "" : relative;
    record.repository = {tree.commit, tree.root, tree.remote};
    return {};
  }

  Status look_at_data() {
    for (const std::string& given : options.inputs) {
      SLIPWAY_TRY(const std::vector<DataPath> found, find_inputs(given, directory, tree.root));
      inputs.insert(inputs.end(), found.begin(), found.end());
      if (!found.empty() && found.front().path.starts_with('/') && !given.starts_with('/'))
        gap(fmt::format(
            "the input {} stands outside of the repository; name it by its absolute path in the command, then "
            "it is found again",
            given));
    }
    for (const std::vector<std::string>* list : {&options.outputs, &options.metric_files}) {
      for (const std::string& given : *list) {
        SLIPWAY_TRY(std::string path, output_path(given, directory, tree.root));
        if (list == &options.metric_files) metric_paths.push_back(path);
        record.declared_outputs.push_back(std::move(path));
      }
    }
    std::sort(record.declared_outputs.begin(), record.declared_outputs.end());
    const auto twice = std::unique(record.declared_outputs.begin(), record.declared_outputs.end());
    record.declared_outputs.erase(twice, record.declared_outputs.end());
    return {};
  }

  Status hash_inputs() {
    std::sort(inputs.begin(), inputs.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    inputs.erase(
        std::unique(inputs.begin(), inputs.end(), [](const auto& a, const auto& b) { return a.path == b.path; }),
        inputs.end());
    for (const DataPath& input : inputs) {
      SLIPWAY_TRY(DataFile file, hash_file(input.disk_path, input.path));
      file.is_stored = options.includes_inputs;
      record.inputs.push_back(std::move(file));
    }
    return {};
  }

  // What run.json could not say is refused now, and not when the command has run for a day.
  Status check_early() const {
    for (const DataPath& input : inputs) {
      for (const std::string& output : record.declared_outputs) {
        if (input.path == output || input.path.starts_with(output + '/'))
          return fail(Code::kInvalidArgument, "reproduce.path",
                      fmt::format("{} is an input and stands in the output {}", input.path, output));
      }
    }
    RunRecord draft = record;
    draft.id = "draft";
    draft.started = draft.finished = format_time(system_clock().now());
    for (DataFile& input : draft.inputs) input.is_stored = false;
    return check_run_record(draft);
  }

  Status look_at_source() {
    std::set<std::string> left_out(record.declared_outputs.begin(), record.declared_outputs.end());
    for (const DataPath& input : inputs) left_out.insert(input.path);
    SLIPWAY_TRY(changes, capture_changes(tree, left_out));
    for (const std::string& text : changes.gaps) gap(text);
    return {};
  }

  Status look_at_program() {
    const std::string search_path = value_of(environment, "PATH");
    program = find_program(options.arguments.front(), search_path, directory);
    if (program.empty()) {
      return fail(Code::kNotFound, "process.not_found",
                  fmt::format("the program {} is not installed", slipway::quoted(options.arguments.front(), 256)));
    }
    std::string python = options.python.empty() ? interpreter_of(program, search_path) : options.python;
    const std::string active = value_of(environment, "VIRTUAL_ENV");
    if (python.empty() && !active.empty()) python = find_program(active + "/bin/python", "", directory);
    if (!python.empty()) {
      SLIPWAY_TRY(interpreter, ask_interpreter(python, tree.root, environment));
    }
    record.command.arguments = options.arguments;
    record.command.program = kind_of_program(python);
    if (record.command.program == Program::kSystem) gap(fmt::format("the program {} is not captured", program));
    if (!interpreter) gap("no Python packages are captured: the command runs no Python that is known; see --python");
    return {};
  }

  Program kind_of_program(const std::string& python) const {
    if (!python.empty() && program == python) return Program::kInterpreter;
    if (interpreter && fs::path(program).parent_path() == interpreter->programs) return Program::kScript;
    const std::string relative = fs::path(program).lexically_normal().lexically_relative(tree.root).generic_string();
    return relative.empty() || relative.starts_with("..") ? Program::kSystem : Program::kRepository;
  }

  Status look_at_environment() {
    SLIPWAY_TRY(ChosenVariables chosen, choose_variables(environment, options.variables));
    record.variables = std::move(chosen.values);
    for (std::string& text : chosen.gaps) gap(std::move(text));
    record.secrets = options.secrets;
    record.seeds = choose_seeds(environment, options.seed);
    record.machine = this_machine();
    return {};
  }

  Status run_command(const Environment& added) {
    ProcessSettings settings;
    settings.arguments = options.arguments;
    settings.environment = environment;
    settings.directory = directory;
    settings.shares_terminal = true;
    for (const auto& [name, value] : record.seeds) settings.environment[name] = value;
    for (const auto& [name, value] : added) settings.environment[name] = value;
    StreamKeeper out(options.out);
    StreamKeeper err(options.err);
    record.started = format_time(system_clock().now());
    SLIPWAY_TRY(const ProcessEnd end, run_process(settings, out.sink(), err.sink()));
    record.finished = format_time(system_clock().now());
    record.command.exit_code = end.exit_code;
    const std::vector<std::string> secrets = secret_values(settings.environment);
    record.out = out.finish(secrets);
    record.err = err.finish(secrets);
    return {};
  }

  // The command may have written to what it was given.
  void look_at_inputs_again() {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto now = hash_file(inputs[i].disk_path, inputs[i].path);
      if (now && now->sha256 == record.inputs[i].sha256) continue;
      gap(fmt::format("the input {} was changed while the command ran", inputs[i].path));
    }
  }

  // From here on the command has run: what goes wrong is a gap, and no reason to lose the recording.
  void keep_outputs(BundleWriter& writer) {
    for (const std::string& declared : record.declared_outputs) {
      const Listing listing = list_files(tree.root, declared);
      for (const std::string& refused : listing.refused) gap("an output was left out: " + refused);
      if (listing.files.empty()) gap(fmt::format("the command made no {}", declared));
      for (const std::string& path : listing.files) keep_output(writer, path);
    }
  }

  void keep_output(BundleWriter& writer, const std::string& path) {
    const bool is_known = std::any_of(record.outputs.begin(), record.outputs.end(),
                                      [&](const DataFile& output) { return output.path == path; });
    if (is_known || record.outputs.size() == kDataFilesMax) return;
    const std::string disk_path = tree.root + '/' + path;
    auto output = hash_file(disk_path, path);
    if (!output) return gap(fmt::format("the output {} was left out: {}", path, output.error().message));
    if (output->size_bytes <= options.output_bytes_max) {
      const Status kept = writer.add_file(*output, stored_path(*output), disk_path);
      output->is_stored = kept.has_value();
      if (!kept) gap(fmt::format("of the output {} only the digest is kept: {}", path, kept.error().message));
    }
    record.outputs.push_back(*std::move(output));
  }

  void read_metric_files() {
    for (const std::string& path : metric_paths) {
      const auto text = read_file(tree.root + '/' + path, kMetricFileBytesMax);
      if (!text) continue;  // it is among the gaps
      const auto metrics = read_metrics(*text);
      if (!metrics) {
        gap(fmt::format("{}: {}", path, metrics.error().message));
        continue;
      }
      record.metrics.insert(metrics->begin(), metrics->end());
    }
  }

  void keep_packages(BundleWriter& writer) {
    if (!interpreter) return;
    record.python = Python{interpreter->implementation, interpreter->version, {}};
    if (options.may_use_network && !interpreter->packages.empty())
      say(fmt::format("Locking {} packages", interpreter->packages.size()));
    auto lock = lock_packages(*interpreter, tree.root, options.may_use_network);
    if (!lock) return gap("the packages are not captured: " + lock.error().message);
    for (Package& package : lock->packages) keep_archive(writer, package, lock->archives);
    record.python->packages = std::move(lock->packages);
    for (std::string& text : lock->gaps) gap(std::move(text));
  }

  void keep_archive(BundleWriter& writer, Package& package, const std::map<std::string, std::string>& archives) {
    const auto archive = archives.find(package.file);
    if (archive == archives.end()) return;
    const auto facts = hash_file(archive->second, package.file);
    const Status kept = facts ? writer.add_file(*facts, package.file, archive->second) : fail(facts.error());
    if (kept) return;
    gap(fmt::format("{} {} is not in the bundle: {}", package.name, package.version, kept.error().message));
    package.file.clear();
  }

  Status keep_sources(BundleWriter& writer) {
    if (!changes.patch.empty()) SLIPWAY_CHECK(writer.add_text(std::string(kChangesFile), changes.patch));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (record.inputs[i].is_stored)
        SLIPWAY_CHECK(writer.add_file(record.inputs[i], stored_path(record.inputs[i]), inputs[i].disk_path));
    }
    return {};
  }
};

Recording::Recording(std::unique_ptr<State> state) : state_(std::move(state)) {}
Recording::Recording(Recording&&) noexcept = default;
Recording& Recording::operator=(Recording&&) noexcept = default;
Recording::~Recording() = default;

Result<Recording> Recording::prepare(RecordOptions options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->record.name = state->options.name;
  state->record.tolerance = state->options.tolerance;
  SLIPWAY_CHECK(check_arguments(state->options));
  SLIPWAY_CHECK(check_secrets(state->options.secrets, state->environment));
  SLIPWAY_CHECK(state->look_at_environment());
  SLIPWAY_CHECK(state->look_at_place());
  SLIPWAY_CHECK(state->look_at_program());
  SLIPWAY_CHECK(state->look_at_data());
  SLIPWAY_CHECK(state->hash_inputs());
  SLIPWAY_CHECK(state->look_at_source());
  SLIPWAY_CHECK(state->check_early());
  return Recording(std::move(state));
}

Result<Bundle> Recording::run(const std::string& id, const Environment& added) {
  State& state = *state_;
  state.record.id = id;
  std::string directory = state.options.bundle;
  if (directory.empty()) {
    SLIPWAY_TRY(directory, bundle_folder(state.tree.root, id));
  }
  SLIPWAY_TRY(BundleWriter writer, BundleWriter::make(directory));
  SLIPWAY_CHECK(state.keep_sources(writer));
  SLIPWAY_CHECK(state.run_command(added));
  state.look_at_inputs_again();
  state.keep_outputs(writer);
  state.read_metric_files();
  state.keep_packages(writer);
  return writer.finish(state.record);
}

}  // namespace slipway::reproduce

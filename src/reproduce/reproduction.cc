#include "reproduce/reproduction.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "reproduce/git.h"
#include "reproduce/placed_inputs.h"
#include "reproduce/python.h"
#include "reproduce/stream.h"
#include "reproduce/variables.h"

namespace slipway::reproduce {
namespace {

namespace fs = std::filesystem;
constexpr auto kInstallTimeout = std::chrono::minutes(60);
constexpr std::uint64_t kComparedBytesMax = 256u << 20;

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

class Reproduction {
 public:
  Reproduction(const Bundle& bundle, const ReproduceOptions& options, const std::string& directory)
      : bundle_(bundle), record_(bundle.record()), options_(options), directory_(directory) {
    report_.run_id = record_.id;
    report_.bundle = bundle.digest();
    report_.recorded_exit_code = record_.command.exit_code;
    report_.gaps = record_.gaps;
  }

  // Each step can find that the run cannot be had again.
  Status run() {
    SLIPWAY_CHECK(check_secrets());
    SLIPWAY_CHECK(rebuild_source());
    SLIPWAY_CHECK(place_inputs());
    SLIPWAY_CHECK(rebuild_environment());
    for (const std::string& line : machine_differences(record_.machine, this_machine()))
      report_.differences.push_back(line);
    SLIPWAY_CHECK(remove_old_outputs());
    SLIPWAY_CHECK(run_command());
    if (report_.exit_code == report_.recorded_exit_code) SLIPWAY_CHECK(compare());
    judge(report_);
    return {};
  }

  Report& report() { return report_; }

 private:
  std::string source() const { return directory_ + "/source"; }
  std::string environment() const { return directory_ + "/environment"; }
  void say(const std::string& text) const {
    if (options_.say) options_.say(text);
  }

  Status check_secrets() const {
    for (const std::string& name : record_.secrets) {
      const bool is_given = std::find(options_.secrets.begin(), options_.secrets.end(), name) != options_.secrets.end();
      if (is_given && variables_.contains(name)) continue;
      return fail(
          Code::kFailedPrecondition, "reproduce.secret_missing",
          fmt::format("the command needs the secret {}, which nobody keeps; set the variable and add --secret {}", name,
                      name));
    }
    return {};
  }

  Status rebuild_source() {
    say(fmt::format("Checking out {}", record_.repository.commit.substr(0, 12)));
    std::vector<std::string> sources;
    std::error_code error;
    if (!options_.repository.empty()) {
      const fs::path local = fs::canonical(options_.repository, error);
      sources.push_back(error ? options_.repository : local.string());
    } else {
      if (fs::exists(record_.repository.path, error)) sources.push_back(record_.repository.path);
      if (!record_.repository.remote.empty()) sources.push_back(record_.repository.remote);
    }
    if (!options_.may_use_network) std::erase_if(sources, [](const auto& source) { return !source.starts_with('/'); });
    if (!fs::create_directory(source(), error))
      return fail(Code::kUnavailable, "file.error", fmt::format("cannot make {}", source()));
    SLIPWAY_CHECK(check_out(source(), record_.repository.commit, sources));
    if (record_.find_file(kChangesFile) == nullptr) return {};
    return apply_changes(source(), bundle_.path_of(kChangesFile));
  }

  Status place_inputs() {
    SLIPWAY_TRY(PlacedInputs placed,
                slipway::reproduce::place_inputs(bundle_, source(), options_.input_folders, record_.command.arguments));
    arguments_ = std::move(placed.arguments);
    return {};
  }

  Status rebuild_environment() {
    if (!record_.python) return {};
    SLIPWAY_TRY(const Interpreter interpreter, find_interpreter(*record_.python, options_.python));
    if (interpreter.version != record_.python->version)
      report_.differences.push_back(fmt::format("Python: {} -> {}", record_.python->version, interpreter.version));
    say(fmt::format("Making an environment of Python {} with {} packages", interpreter.version,
                    record_.python->packages.size()));
    return make_environment(interpreter, *record_.python,
                            {environment(), bundle_.directory(), source(), options_.may_use_network, kInstallTimeout});
  }

  // An output that stands in the commit must not be taken for one that the command made.
  Status remove_old_outputs() const {
    for (const std::string& declared : record_.declared_outputs) {
      for (const std::string& file : list_files(source(), declared).files) {
        std::error_code error;
        if (!fs::remove(source() + '/' + file, error))
          return fail(Code::kUnavailable, "file.error", fmt::format("cannot remove {}", file));
      }
      // The folder that the first run wrote into need not be known to git.
      SLIPWAY_CHECK(make_folders_beneath(source(), declared));
    }
    return {};
  }

  Environment command_environment() const {
    Environment environment_of_command = machine_variables(variables_);
    for (const auto& [name, value] : record_.variables)
      environment_of_command[name] = with_path_replaced(value, record_.repository.path, source());
    for (const auto& [name, value] : record_.seeds) environment_of_command[name] = value;
    for (const std::string& name : record_.secrets) environment_of_command[name] = variables_.at(name);
    environment_of_command["MLFLOW_TRACKING_URI"] =
        "sqlite:///" + directory_ + "/mlflow.db";  // not where the first run is
    if (record_.python) {
      environment_of_command["VIRTUAL_ENV"] = environment();
      environment_of_command["PATH"] = environment() + "/bin:" + environment_of_command["PATH"];
    }
    return environment_of_command;
  }

  std::vector<std::string> command_arguments() const {
    std::vector<std::string> arguments;
    for (const std::string& argument : arguments_)
      arguments.push_back(with_path_replaced(argument, record_.repository.path, source()));
    const Program program = record_.command.program;
    if (record_.python && program == Program::kInterpreter) arguments[0] = environment() + "/bin/python";
    if (record_.python && program == Program::kScript)
      arguments[0] = environment() + "/bin/" + fs::path(arguments[0]).filename().string();
    return arguments;
  }

  Status run_command() {
    ProcessSettings settings;
    settings.arguments = command_arguments();
    settings.environment = command_environment();
    settings.directory = source();
    if (!record_.command.directory.empty()) {
      SLIPWAY_CHECK(make_folders_beneath(source(), record_.command.directory + "/x"));
      settings.directory += '/' + record_.command.directory;
    }
    settings.timeout = options_.timeout;
    say("Running " + fmt::format("{}", fmt::join(record_.command.arguments, " ")));
    StreamKeeper out(options_.out);
    StreamKeeper err(options_.err);
    SLIPWAY_TRY(const ProcessEnd end, run_process(settings, out.sink(), err.sink()));
    if (end.is_interrupted) return fail(Code::kCancelled, "cli.interrupted", "interrupted");
    if (end.is_timed_out)
      return fail(Code::kDeadlineExceeded, "reproduce.timeout", "the command did not end within the time limit");
    report_.exit_code = end.exit_code;
    report_.is_output_same = out.finish({}).sha256 == record_.out.sha256;
    report_.last_line = last_line(err.finish({}).tail);
    return {};
  }

  Status compare() {
    std::set<std::string> made;
    for (const std::string& declared : record_.declared_outputs) {
      const Listing listing = list_files(source(), declared);
      made.insert(listing.files.begin(), listing.files.end());
    }
    for (const DataFile& output : record_.outputs) {
      if (made.erase(output.path) == 0) {
        report_.outputs.push_back({output.path, Match::kDiffers, "it was not made", 0, {}});
        continue;
      }
      SLIPWAY_TRY(Comparison comparison, compare_output(output));
      report_.outputs.push_back(std::move(comparison));
    }
    for (const std::string& path : made)
      report_.outputs.push_back({path, Match::kDiffers, "it was not made when the run was recorded", 0, {}});
    return {};
  }

  Result<Comparison> compare_output(const DataFile& output) const {
    const std::string path = source() + '/' + output.path;
    SLIPWAY_TRY(const DataFile now, hash_file(path, output.path));
    if (now.sha256 == output.sha256) return Comparison{output.path, Match::kIdentical, "", 0, {}};
    if (!output.is_stored || std::max(now.size_bytes, output.size_bytes) > kComparedBytesMax) {
      return Comparison{
          output.path,
          Match::kDiffers,
          "its SHA-256 is another; by how much it differs is not known, since it is too large to keep or to "
          "compare",
          0,
          {}};
    }
    SLIPWAY_TRY(const std::string recorded, read_file(bundle_.path_of(stored_path(output)), kComparedBytesMax));
    SLIPWAY_TRY(const std::string reproduced, read_file(path, kComparedBytesMax));
    return compare_outputs(output.path, recorded, reproduced, record_.tolerance);
  }

  const Bundle& bundle_;
  const RunRecord& record_;
  const ReproduceOptions& options_;
  const std::string directory_;
  const Environment variables_ = this_environment();
  std::vector<std::string> arguments_;
  Report report_;
};

}  // namespace

Result<Report> reproduce_run(const Bundle& bundle, const ReproduceOptions& options) {
  SLIPWAY_TRY(const ScratchDirectory scratch, ScratchDirectory::make());
  std::string directory = scratch.path();
  if (!options.keep.empty()) {
    if (::mkdir(options.keep.c_str(), 0700) != 0) {
      return fail(Code::kAlreadyExists, "reproduce.exists",
                  fmt::format("{} exists or cannot be made; name a new directory", options.keep));
    }
    std::error_code ignored;
    directory = fs::canonical(options.keep, ignored).string();
  }
  Reproduction reproduction(bundle, options, directory);
  const Status ran = reproduction.run();
  Report report = std::move(reproduction.report());
  if (!options.keep.empty()) report.directory = directory;
  if (ran) return report;
  if (ran.error().code == Code::kCancelled) return fail(ran.error());
  report.verdict = Verdict::kCannotRun;
  report.reason = ran.error().reason;
  report.why = ran.error().message;
  return report;
}

}  // namespace slipway::reproduce

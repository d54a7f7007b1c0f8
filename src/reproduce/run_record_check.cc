#include <set>

#include "base/bytes.h"
#include "base/clock.h"
#include "reproduce/names.h"
#include "reproduce/run_record.h"

namespace slipway::reproduce {
namespace {

tl::unexpected<Error> invalid(std::string message) {
  return fail(Code::kInvalidArgument, "reproduce.invalid", "run.json: " + std::move(message));
}

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == text.npos; }

// An input may stand outside of the repository: then its path is absolute, and its parts are as those of a relative
// one.
Status check_data_path(std::string_view path, bool may_be_absolute) {
  if (may_be_absolute && path.starts_with('/')) path.remove_prefix(1);
  return check_bundle_path(path);
}

Status check_data(const RunRecord& record) {
  std::set<std::string_view> inputs;
  for (const DataFile& input : record.inputs) {
    SLIPWAY_CHECK(check_data_path(input.path, true));
    if (!inputs.insert(input.path).second) return invalid("inputs: " + slipway::quoted(input.path) + " stands twice");
    if (input.is_stored && record.find_file(stored_path(input)) == nullptr)
      return invalid("inputs: " + slipway::quoted(input.path) + " is not in the bundle");
  }
  for (const DataFile& output : record.outputs) {
    SLIPWAY_CHECK(check_data_path(output.path, false));
    if (inputs.contains(output.path)) return invalid("outputs: " + slipway::quoted(output.path) + " is an input, too");
    if (output.is_stored && record.find_file(stored_path(output)) == nullptr)
      return invalid("outputs: " + slipway::quoted(output.path) + " is not in the bundle");
  }
  for (const std::string& path : record.declared_outputs) SLIPWAY_CHECK(check_data_path(path, false));
  return {};
}

Status check_files(const RunRecord& record) {
  if (record.files.empty()) return {};
  // The manifest's rules for paths hold here, too: no two of one name, none the folder of another.
  Manifest manifest;
  manifest.files = record.files;
  manifest.model = record.files.front().path;
  SLIPWAY_TRY(const Manifest checked, make_manifest(std::move(manifest)));
  if (checked.files != record.files) return invalid("files: they are not sorted by path");
  if (checked.find(kRunFile) != nullptr) return invalid("files: run.json cannot name itself");
  return {};
}

Status check_variables(const std::map<std::string, std::string>& variables) {
  for (const auto& [name, value] : variables) {
    if (!is_settable_variable(name)) return invalid("the variable " + slipway::quoted(name) + " is not accepted");
    if (value.find('\0') != value.npos) return invalid("the variable " + name + " has a byte 0");
  }
  return {};
}

Status check_python(const RunRecord& record) {
  if (!record.python) return {};
  if (!is_package_version(record.python->version))
    return invalid("python.version: " + slipway::quoted(record.python->version) + " is not accepted");
  for (const Package& package : record.python->packages) {
    if (!is_package_name(package.name) || !is_package_version(package.version)) {
      return invalid("python.packages: " + slipway::quoted(package.name) + " of version " +
                     slipway::quoted(package.version) + " is not accepted");
    }
    if (!package.file.empty() && (record.find_file(package.file) == nullptr || !package.file.starts_with("wheels/")))
      return invalid("python.packages: " + slipway::quoted(package.file) + " is not in the bundle");
    if (!package.project.empty() && package.project != ".") SLIPWAY_CHECK(check_bundle_path(package.project));
  }
  return {};
}

Status check_command(const Command& command) {
  if (command.arguments.empty() || command.arguments.front().empty()) return invalid("command: there is none");
  for (const std::string& argument : command.arguments) {
    if (argument.find('\0') != argument.npos) return invalid("command: an argument has a byte 0");
  }
  if (!command.directory.empty()) SLIPWAY_CHECK(check_bundle_path(command.directory));
  return {};
}

}  // namespace

Status check_run_record(const RunRecord& record) {
  SLIPWAY_CHECK(check_command(record.command));
  if (record.id.empty() || record.id.size() > 256) return invalid("id: 1 to 256 bytes are expected");
  if (!parse_time(record.started) || !parse_time(record.finished)) return invalid("started, finished: no time");
  const std::string& commit = record.repository.commit;
  if ((commit.size() != 40 && commit.size() != 64) || !is_hex(commit))
    return invalid("repository.commit: " + slipway::quoted(commit) + " is no commit");
  if (!record.repository.path.starts_with('/')) return invalid("repository.path: an absolute path is expected");
  if (record.repository.remote.starts_with('-')) return invalid("repository.remote: an address is expected");
  SLIPWAY_CHECK(check_files(record));
  SLIPWAY_CHECK(check_data(record));
  SLIPWAY_CHECK(check_variables(record.variables));
  SLIPWAY_CHECK(check_variables(record.seeds));
  for (const std::string& name : record.secrets) {
    if (!is_variable_name(name)) return invalid("secrets: " + slipway::quoted(name) + " is no variable name");
  }
  return check_python(record);
}

}  // namespace slipway::reproduce

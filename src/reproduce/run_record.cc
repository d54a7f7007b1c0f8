#include "reproduce/run_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/bytes.h"
#include "reproduce/members.h"

namespace slipway::reproduce {
namespace {

constexpr std::string_view kReason = "reproduce.invalid";
constexpr std::size_t kListMax = 10'000;
constexpr std::array<std::string_view, 4> kPrograms = {"interpreter", "script", "repository", "system"};

Result<std::uint64_t> natural(JsonMembers& members, std::string_view key) {
  SLIPWAY_TRY(const JsonValue value, members.require(key));
  return value.natural();
}

Result<Digest> read_digest(const JsonValue& value) {
  SLIPWAY_TRY(const std::string_view hex, value.text());
  const auto digest = Digest::parse(hex);
  if (!digest) return value.refuse("a SHA-256 in 64 hexadecimal digits is expected");
  return *digest;
}

Result<Digest> digest(JsonMembers& members) {
  SLIPWAY_TRY(const JsonValue value, members.require("sha256"));
  return read_digest(value);
}

Result<std::vector<JsonValue>> list(JsonMembers& members, std::string_view key) {
  const auto value = members.take(key);
  if (!value) return std::vector<JsonValue>{};
  return value->array(kListMax);
}

Result<std::vector<std::string>> texts(JsonMembers& members, std::string_view key) {
  SLIPWAY_TRY(const std::vector<JsonValue> values, list(members, key));
  std::vector<std::string> found;
  for (const JsonValue& value : values) {
    SLIPWAY_TRY(const std::string_view item, value.text());
    found.emplace_back(item);
  }
  return found;
}

Result<std::map<std::string, std::string>> text_map(JsonMembers& members, std::string_view key) {
  std::map<std::string, std::string> found;
  const auto value = members.take(key);
  if (!value) return found;
  SLIPWAY_TRY(JsonMembers entries, value->object());
  for (const auto& [name, entry] : entries.take_all()) {
    SLIPWAY_TRY(found[std::string(name)], entry.text());
  }
  return found;
}

Result<std::vector<DataFile>> data_files(JsonMembers& members, std::string_view key) {
  SLIPWAY_TRY(const std::vector<JsonValue> values, list(members, key));
  std::vector<DataFile> files;
  for (const JsonValue& value : values) {
    SLIPWAY_TRY(JsonMembers entry, value.object());
    DataFile file;
    SLIPWAY_TRY(file.path, text(entry, "path"));
    if (const auto rows = entry.take("rows")) {
      SLIPWAY_TRY(file.rows, rows->natural());
    }
    SLIPWAY_TRY(file.sha256, digest(entry));
    SLIPWAY_TRY(file.size_bytes, natural(entry, "size"));
    file.is_stored = entry.take("stored").has_value();
    SLIPWAY_CHECK(entry.finish());
    files.push_back(std::move(file));
  }
  return files;
}

Result<std::vector<ManifestFile>> bundle_files(JsonMembers& members) {
  SLIPWAY_TRY(const std::vector<JsonValue> values, list(members, "files"));
  std::vector<ManifestFile> files;
  for (const JsonValue& value : values) {
    SLIPWAY_TRY(JsonMembers entry, value.object());
    ManifestFile file;
    SLIPWAY_TRY(file.path, text(entry, "path"));
    SLIPWAY_TRY(file.sha256, digest(entry));
    SLIPWAY_TRY(file.size_bytes, natural(entry, "size"));
    SLIPWAY_CHECK(entry.finish());
    files.push_back(std::move(file));
  }
  return files;
}

Result<Stream> stream(JsonMembers& members, std::string_view key) {
  SLIPWAY_TRY(const JsonValue value, members.require(key));
  SLIPWAY_TRY(JsonMembers entry, value.object());
  Stream found;
  SLIPWAY_TRY(found.sha256, digest(entry));
  SLIPWAY_TRY(found.size_bytes, natural(entry, "size"));
  SLIPWAY_TRY(found.tail, text_or_empty(entry, "tail"));
  SLIPWAY_CHECK(entry.finish());
  return found;
}

Result<Command> command(JsonMembers& members) {
  SLIPWAY_TRY(const JsonValue value, members.require("command"));
  SLIPWAY_TRY(JsonMembers entry, value.object());
  Command found;
  SLIPWAY_TRY(found.arguments, texts(entry, "arguments"));
  SLIPWAY_TRY(found.directory, text_or_empty(entry, "directory"));
  SLIPWAY_TRY(const std::uint64_t exit_code, natural(entry, "exit_code"));
  if (exit_code > 255) return value.refuse("exit_code: 0 to 255 is expected");
  found.exit_code = static_cast<int>(exit_code);
  SLIPWAY_TRY(const std::string program, text(entry, "program"));
  const auto* known = std::find(kPrograms.begin(), kPrograms.end(), program);
  if (known == kPrograms.end()) return value.refuse("program: " + slipway::quoted(program) + " is unknown");
  found.program = static_cast<Program>(known - kPrograms.begin());
  SLIPWAY_CHECK(entry.finish());
  return found;
}

Result<Machine> machine(JsonMembers& members) {
  SLIPWAY_TRY(const JsonValue value, members.require("machine"));
  SLIPWAY_TRY(JsonMembers entry, value.object());
  Machine found;
  SLIPWAY_TRY(found.architecture, text_or_empty(entry, "architecture"));
  SLIPWAY_TRY(found.cores, natural(entry, "cores"));
  SLIPWAY_TRY(found.cpu, text_or_empty(entry, "cpu"));
  SLIPWAY_TRY(found.cpu_flags, texts(entry, "cpu_flags"));
  SLIPWAY_TRY(found.gpus, texts(entry, "gpus"));
  SLIPWAY_TRY(found.kernel, text_or_empty(entry, "kernel"));
  SLIPWAY_TRY(found.libc, text_or_empty(entry, "libc"));
  SLIPWAY_TRY(found.memory_bytes, natural(entry, "memory_bytes"));
  SLIPWAY_TRY(found.system, text_or_empty(entry, "system"));
  SLIPWAY_CHECK(entry.finish());
  return found;
}

Result<Package> package(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers entry, value.object());
  Package found;
  SLIPWAY_TRY(found.file, text_or_empty(entry, "file"));
  SLIPWAY_TRY(found.name, text(entry, "name"));
  SLIPWAY_TRY(found.project, text_or_empty(entry, "project"));
  if (const auto sha256 = entry.take("sha256")) {
    SLIPWAY_TRY(found.sha256, read_digest(*sha256));
  }
  SLIPWAY_TRY(found.version, text(entry, "version"));
  SLIPWAY_CHECK(entry.finish());
  return found;
}

Result<std::optional<Python>> python(JsonMembers& members) {
  const auto value = members.take("python");
  if (!value) return std::nullopt;
  SLIPWAY_TRY(JsonMembers entry, value->object());
  Python found;
  SLIPWAY_TRY(found.implementation, text(entry, "implementation"));
  SLIPWAY_TRY(const std::vector<JsonValue> packages, list(entry, "packages"));
  for (const JsonValue& item : packages) {
    SLIPWAY_TRY(Package read, package(item));
    found.packages.push_back(std::move(read));
  }
  SLIPWAY_TRY(found.version, text(entry, "version"));
  SLIPWAY_CHECK(entry.finish());
  return found;
}

Result<double> metric_value(const JsonValue& value) {
  SLIPWAY_TRY(const std::string_view digits, value.text());
  if (digits == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (digits == "Infinity") return std::numeric_limits<double>::infinity();
  if (digits == "-Infinity") return -std::numeric_limits<double>::infinity();
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return value.refuse("a number is expected");
  return number;
}

Result<std::map<std::string, double>> metrics(JsonMembers& members) {
  std::map<std::string, double> found;
  const auto value = members.take("metrics");
  if (!value) return found;
  SLIPWAY_TRY(JsonMembers entries, value->object());
  for (const auto& [name, entry] : entries.take_all()) {
    SLIPWAY_TRY(found[std::string(name)], metric_value(entry));
  }
  return found;
}

Result<Repository> repository(JsonMembers& members) {
  SLIPWAY_TRY(const JsonValue value, members.require("repository"));
  SLIPWAY_TRY(JsonMembers entry, value.object());
  Repository found;
  SLIPWAY_TRY(found.commit, text(entry, "commit"));
  SLIPWAY_TRY(found.path, text(entry, "path"));
  SLIPWAY_TRY(found.remote, text_or_empty(entry, "remote"));
  SLIPWAY_CHECK(entry.finish());
  return found;
}

Result<RunRecord> read(const JsonValue& root) {
  SLIPWAY_TRY(JsonMembers members, root.object());
  SLIPWAY_TRY(const std::uint64_t format, natural(members, "format"));
  if (format != 1) return root.refuse("format: 1 is expected; a newer slipway made this bundle");
  RunRecord record;
  SLIPWAY_TRY(record.command, command(members));
  SLIPWAY_TRY(record.declared_outputs, texts(members, "declared_outputs"));
  SLIPWAY_TRY(record.err, stream(members, "err"));
  SLIPWAY_TRY(record.files, bundle_files(members));
  SLIPWAY_TRY(record.finished, text(members, "finished"));
  SLIPWAY_TRY(record.gaps, texts(members, "gaps"));
  SLIPWAY_TRY(record.id, text(members, "id"));
  SLIPWAY_TRY(record.inputs, data_files(members, "inputs"));
  SLIPWAY_TRY(record.machine, machine(members));
  SLIPWAY_TRY(record.metrics, metrics(members));
  SLIPWAY_TRY(record.name, text_or_empty(members, "name"));
  SLIPWAY_TRY(record.out, stream(members, "out"));
  SLIPWAY_TRY(record.outputs, data_files(members, "outputs"));
  SLIPWAY_TRY(record.python, python(members));
  SLIPWAY_TRY(record.repository, repository(members));
  SLIPWAY_TRY(record.secrets, texts(members, "secrets"));
  SLIPWAY_TRY(record.seeds, text_map(members, "seeds"));
  SLIPWAY_TRY(record.started, text(members, "started"));
  SLIPWAY_TRY(const JsonValue tolerance, members.require("tolerance"));
  SLIPWAY_TRY(record.tolerance, read_tolerance(tolerance));
  SLIPWAY_TRY(record.variables, text_map(members, "variables"));
  SLIPWAY_CHECK(members.finish());
  return record;
}

}  // namespace

std::string_view to_string(Program program) noexcept { return kPrograms[static_cast<std::size_t>(program)]; }

const ManifestFile* RunRecord::find_file(std::string_view path) const noexcept {
  const auto found = std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

std::string stored_path(const DataFile& file) { return "data/" + file.sha256.hex(); }

Result<RunRecord> parse_run_record(std::string_view json) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(json, kRunFileBytesMax, kReason));
  SLIPWAY_TRY(RunRecord record, read(document.root()));
  SLIPWAY_CHECK(check_run_record(record));
  if (canonical_json(record) != json) {
    return fail(Code::kInvalidArgument, "reproduce.not_canonical",
                "run.json: it is not in canonical form; somebody has edited it");
  }
  return record;
}

}  // namespace slipway::reproduce

#include <charconv>
#include <cmath>

#include "base/json_writer.h"
#include "reproduce/run_record.h"

namespace slipway::reproduce {
namespace {

constexpr std::uint64_t kFormat = 1;

// A metric may be NaN, which JSON has no number for.
std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

void write_text(JsonWriter& json, std::string_view key, std::string_view text) {
  if (!text.empty()) json.key(key).value(text);
}

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(key).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write_map(JsonWriter& json, std::string_view key, const std::map<std::string, std::string>& entries) {
  if (entries.empty()) return;
  json.key(key).begin_object();
  for (const auto& [name, value] : entries) json.key(name).value(value);
  json.end_object();
}

void write_data(JsonWriter& json, std::string_view key, const std::vector<DataFile>& files) {
  if (files.empty()) return;
  json.key(key).begin_array();
  for (const DataFile& file : files) {
    json.begin_object().key("path").value(file.path);
    if (file.rows) json.key("rows").value(*file.rows);
    json.key("sha256").value(file.sha256.hex()).key("size").value(file.size_bytes);
    if (file.is_stored) json.key("stored").value(true);
    json.end_object();
  }
  json.end_array();
}

void write_stream(JsonWriter& json, std::string_view key, const Stream& stream) {
  json.key(key).begin_object().key("sha256").value(stream.sha256.hex()).key("size").value(stream.size_bytes);
  write_text(json, "tail", stream.tail);
  json.end_object();
}

void write_command(JsonWriter& json, const Command& command) {
  json.key("command").begin_object();
  write_texts(json, "arguments", command.arguments);
  write_text(json, "directory", command.directory);
  json.key("exit_code").value(command.exit_code).key("program").value(to_string(command.program)).end_object();
}

void write_machine(JsonWriter& json, const Machine& machine) {
  json.key("machine").begin_object();
  write_text(json, "architecture", machine.architecture);
  json.key("cores").value(machine.cores);
  write_text(json, "cpu", machine.cpu);
  write_texts(json, "cpu_flags", machine.cpu_flags);
  write_texts(json, "gpus", machine.gpus);
  write_text(json, "kernel", machine.kernel);
  write_text(json, "libc", machine.libc);
  json.key("memory_bytes").value(machine.memory_bytes);
  write_text(json, "system", machine.system);
  json.end_object();
}

void write_python(JsonWriter& json, const Python& python) {
  json.key("python").begin_object().key("implementation").value(python.implementation);
  if (!python.packages.empty()) {
    json.key("packages").begin_array();
    for (const Package& package : python.packages) {
      json.begin_object();
      write_text(json, "file", package.file);
      json.key("name").value(package.name);
      write_text(json, "project", package.project);
      if (package.sha256) json.key("sha256").value(package.sha256->hex());
      json.key("version").value(package.version).end_object();
    }
    json.end_array();
  }
  json.key("version").value(python.version).end_object();
}

void write_files(JsonWriter& json, const std::vector<ManifestFile>& files) {
  if (files.empty()) return;
  json.key("files").begin_array();
  for (const ManifestFile& file : files) {
    json.begin_object().key("path").value(file.path).key("sha256").value(file.sha256.hex());
    json.key("size").value(file.size_bytes).end_object();
  }
  json.end_array();
}

void write_metrics(JsonWriter& json, const std::map<std::string, double>& metrics) {
  if (metrics.empty()) return;
  json.key("metrics").begin_object();
  for (const auto& [name, value] : metrics) json.key(name).value(number_text(value));
  json.end_object();
}

}  // namespace

std::string canonical_json(const RunRecord& record) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  write_command(json, record.command);
  write_texts(json, "declared_outputs", record.declared_outputs);
  write_stream(json, "err", record.err);
  write_files(json, record.files);
  json.key("finished").value(record.finished).key("format").value(kFormat);
  write_texts(json, "gaps", record.gaps);
  json.key("id").value(record.id);
  write_data(json, "inputs", record.inputs);
  write_machine(json, record.machine);
  write_metrics(json, record.metrics);
  write_text(json, "name", record.name);
  write_stream(json, "out", record.out);
  write_data(json, "outputs", record.outputs);
  if (record.python) write_python(json, *record.python);
  json.key("repository").begin_object().key("commit").value(record.repository.commit);
  json.key("path").value(record.repository.path);
  write_text(json, "remote", record.repository.remote);
  json.end_object();
  write_texts(json, "secrets", record.secrets);
  write_map(json, "seeds", record.seeds);
  json.key("started").value(record.started);
  json.key("tolerance");
  write_tolerance(json, record.tolerance);
  write_map(json, "variables", record.variables);
  json.end_object();
  return text;
}

}  // namespace slipway::reproduce

#include "cli/run_server.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <span>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "cli/json_fields.h"
#include "registry/manifest.h"
#include "reproduce/files.h"

namespace slipway::cli {
namespace {

using reproduce::Bundle;
using reproduce::RunRecord;

constexpr std::string_view kApi = "/api/2.0/mlflow/";
constexpr std::string_view kFolder = "slipway";
constexpr std::string_view kArtifactScheme = "mlflow-artifacts:/";
constexpr std::string_view kDigestTag = "slipway.reproduction.digest";
constexpr std::size_t kMetricsPerCall = 900;  // of 1,000 that MLflow takes
constexpr std::size_t kTagBytesMax = 5000;
constexpr std::size_t kDatasetsMax = 100;  // a folder of images is not a hundred thousand datasets

std::int64_t milliseconds_of(const std::string& time) {
  const auto parsed = parse_time(time);
  return parsed ? parsed->time_since_epoch().count() / 1000 : 0;
}

std::string percent_encoded_path(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (!result.empty()) result += '/';
    result += percent_encoded(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return result;
}

Result<std::string> experiment_id(Api& api, const std::string& name) {
  const auto found = api.get(fmt::format("{}experiments/get-by-name?experiment_name={}", kApi, percent_encoded(name)));
  if (found) {
    SLIPWAY_TRY(const json::value answer, parse_json(*found));
    return text_at(object_at(as_object(answer), "experiment"), "experiment_id");
  }
  if (found.error().code != Code::kNotFound) return fail(found.error());
  std::string body;
  JsonWriter(body).begin_object().key("name").value(name).end_object();
  SLIPWAY_TRY(const std::string made, api.post(fmt::format("{}experiments/create", kApi), body));
  SLIPWAY_TRY(const json::value answer, parse_json(made));
  return text_at(as_object(answer), "experiment_id");
}

struct ServerRun {
  std::string artifacts;  // the target that its artifacts stand below
  std::string digest;     // of the bundle; "" when there is none
};

Result<ServerRun> get_run(Api& api, const std::string& run_id) {
  SLIPWAY_TRY(const std::string body, api.get(fmt::format("{}runs/get?run_id={}", kApi, percent_encoded(run_id))));
  SLIPWAY_TRY(const json::value answer, parse_json(body));
  const json::object& run = object_at(as_object(answer), "run");
  const std::string uri = text_at(object_at(run, "info"), "artifact_uri");
  if (!uri.starts_with(kArtifactScheme)) {
    return fail(Code::kFailedPrecondition, "run.artifacts_elsewhere",
                fmt::format("the artifacts of the run {} are kept at {}, not by the server", run_id, uri));
  }
  ServerRun found;
  found.artifacts = fmt::format("/api/2.0/mlflow-artifacts/artifacts/{}/{}",
                                percent_encoded_path(std::string_view(uri).substr(kArtifactScheme.size())), kFolder);
  for (const json::value& item : array_at(object_at(run, "data"), "tags")) {
    if (text_at(as_object(item), "key") == kDigestTag) found.digest = text_at(as_object(item), "value");
  }
  return found;
}

std::string artifact_target(const ServerRun& run, std::string_view path) {
  return run.artifacts + '/' + percent_encoded_path(path);
}

std::string joined(const std::vector<std::string>& arguments) {
  std::string text = fmt::format("{}", fmt::join(arguments, " "));
  if (text.size() > kTagBytesMax) text.resize(kTagBytesMax);
  return text;
}

std::vector<std::pair<std::string, std::string>> tags_of(const Bundle& bundle) {
  const RunRecord& record = bundle.record();
  std::vector<std::pair<std::string, std::string>> tags = {
      {std::string(kDigestTag), bundle.digest().hex()},
      {"slipway.reproduction.command", joined(record.command.arguments)},
      {"slipway.reproduction.exit_code", std::to_string(record.command.exit_code)},
      {"slipway.reproduction.gaps", std::to_string(record.gaps.size())},
      {"mlflow.source.git.commit", record.repository.commit},
      {"mlflow.source.git.dirty", record.find_file(reproduce::kChangesFile) != nullptr ? "true" : "false"},
  };
  if (!record.repository.remote.empty()) tags.emplace_back("mlflow.source.git.repoURL", record.repository.remote);
  return tags;
}

Status log_batch(Api& api, const std::string& run_id, std::string_view list, const std::string& entries) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().key("run_id").value(run_id).key(list).raw('[' + entries + ']').end_object();
  SLIPWAY_CHECK(api.post(fmt::format("{}runs/log-batch", kApi), body));
  return {};
}

Status send_tags(Api& api, const std::string& run_id, const Bundle& bundle) {
  std::string entries;
  JsonWriter writer(entries);
  for (const auto& [key, value] : tags_of(bundle))
    writer.begin_object().key("key").value(key).key("value").value(value).end_object();
  return log_batch(api, run_id, "tags", entries);
}

Status send_metrics(Api& api, const std::string& run_id, const RunRecord& record) {
  auto left = record.metrics.begin();
  while (left != record.metrics.end()) {
    std::string entries;
    JsonWriter writer(entries);
    for (std::size_t count = 0; count < kMetricsPerCall && left != record.metrics.end(); ++count, ++left) {
      writer.begin_object().key("key").value(left->first).key("value");
      if (std::isfinite(left->second)) {
        writer.value(left->second);
      } else {
        writer.value(std::isnan(left->second) ? "NaN" : left->second > 0 ? "Infinity" : "-Infinity");
      }
      writer.key("timestamp").value(milliseconds_of(record.finished)).key("step").value(0).end_object();
    }
    SLIPWAY_CHECK(log_batch(api, run_id, "metrics", entries));
  }
  return {};
}

// So that the server knows the run by its data. MLflow takes 36 characters of a digest: 128 bits of the SHA-256.
Status send_inputs(Api& api, const std::string& run_id, const RunRecord& record) {
  if (record.inputs.empty()) return {};
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().key("run_id").value(run_id).key("datasets").begin_array();
  for (const reproduce::DataFile& input :
       std::span(record.inputs).first(std::min(record.inputs.size(), kDatasetsMax))) {
    std::string source;
    JsonWriter(source).begin_object().key("uri").value(input.path).end_object();
    writer.begin_object().key("dataset").begin_object().key("name").value(input.path);
    writer.key("digest").value(input.sha256.hex().substr(0, 32));
    writer.key("source_type").value("local").key("source").value(source);
    if (input.rows) writer.key("profile").value(fmt::format(R"({{"num_rows":{}}})", *input.rows));
    writer.end_object().key("tags").begin_array().end_array().end_object();
  }
  writer.end_array().end_object();
  SLIPWAY_CHECK(api.post(fmt::format("{}runs/log-inputs", kApi), body));
  return {};
}

Status end_run(Api& api, const std::string& run_id, std::string_view status, const std::string& time) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().key("run_id").value(run_id).key("status").value(status);
  writer.key("end_time").value(milliseconds_of(time)).end_object();
  SLIPWAY_CHECK(api.post(fmt::format("{}runs/update", kApi), body));
  return {};
}

Status send_file(Api& api, const std::string& target, const std::string& disk_path, const std::string& name) {
  const auto sent = api.put_file(target, disk_path, progress_line("Sending " + name));
  end_progress_line();
  if (!sent) return fail(sent.error());
  return {};
}

// What the server sends is checked when the bundle is opened.
Status fetch_file(Api& api, const std::string& target, const std::string& disk_path, std::uint64_t bytes_max) {
  std::ofstream file(disk_path, std::ios::binary | std::ios::trunc);
  std::uint64_t done = 0;
  const Sink sink = [&](std::span<const std::byte> bytes) {
    done += bytes.size();
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return file.good() && done <= bytes_max;
  };
  SLIPWAY_CHECK(api.download(target, sink, progress_line("Fetching")));
  end_progress_line();
  return {};
}

}  // namespace

Result<std::string> create_run(Api& api, const std::string& experiment, const std::string& name) {
  SLIPWAY_TRY(const std::string id, experiment_id(api, experiment));
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().key("experiment_id").value(id);
  writer.key("start_time").value(milliseconds_of(format_time(system_clock().now())));
  if (!name.empty()) writer.key("run_name").value(name);
  writer.end_object();
  SLIPWAY_TRY(const std::string made, api.post(fmt::format("{}runs/create", kApi), body));
  SLIPWAY_TRY(const json::value answer, parse_json(made));
  const std::string run_id = text_at(object_at(object_at(as_object(answer), "run"), "info"), "run_id");
  if (run_id.empty()) return fail(Code::kUnavailable, "cli.bad_reply", "the server made a run without an id");
  return run_id;
}

Status send_bundle(Api& api, const std::string& run_id, const Bundle& bundle, bool ends_run) {
  SLIPWAY_TRY(const ServerRun run, get_run(api, run_id));
  for (const ManifestFile& file : bundle.record().files) {
    SLIPWAY_CHECK(send_file(api, artifact_target(run, file.path), bundle.path_of(file.path), file.path));
  }
  // run.json and the tag last: a bundle that broke off is none.
  const std::string name(reproduce::kRunFile);
  SLIPWAY_CHECK(send_file(api, artifact_target(run, name), bundle.path_of(name), name));
  SLIPWAY_CHECK(send_metrics(api, run_id, bundle.record()));
  SLIPWAY_CHECK(send_inputs(api, run_id, bundle.record()));
  SLIPWAY_CHECK(send_tags(api, run_id, bundle));
  if (!ends_run) return {};
  const RunRecord& record = bundle.record();
  return end_run(api, run_id, record.command.exit_code == 0 ? "FINISHED" : "FAILED", record.finished);
}

Result<bool> has_bundle(Api& api, const std::string& run_id) {
  SLIPWAY_TRY(const ServerRun run, get_run(api, run_id));
  return !run.digest.empty();
}

Status fail_run(Api& api, const std::string& run_id) {
  return end_run(api, run_id, "FAILED", format_time(system_clock().now()));
}

Result<Bundle> fetch_bundle(Api& api, const std::string& run_id, const std::string& directory) {
  SLIPWAY_TRY(const ServerRun run, get_run(api, run_id));
  if (run.digest.empty()) {
    return fail(Code::kFailedPrecondition, "run.no_bundle",
                fmt::format("the run {} was not recorded with slipway run record", run_id));
  }
  if (::mkdir(directory.c_str(), 0700) != 0)
    return fail(Code::kFailedPrecondition, "cli.write_failed", fmt::format("cannot make {}", directory));
  const std::string name(reproduce::kRunFile);
  SLIPWAY_CHECK(fetch_file(api, artifact_target(run, name), directory + '/' + name, reproduce::kRunFileBytesMax));
  SLIPWAY_TRY(const std::string text, reproduce::read_file(directory + '/' + name, reproduce::kRunFileBytesMax));
  if (sha256(text).hex() != run.digest) {
    return fail(Code::kDataLoss, "reproduce.changed",
                fmt::format("run.json of the run {} is not the one that was recorded: its SHA-256 is another", run_id));
  }
  SLIPWAY_TRY(const RunRecord record, reproduce::parse_run_record(text));
  for (const ManifestFile& file : record.files) {
    SLIPWAY_CHECK(reproduce::make_folders_beneath(directory, file.path));
    SLIPWAY_CHECK(fetch_file(api, artifact_target(run, file.path), directory + '/' + file.path, file.size_bytes));
  }
  return Bundle::open(directory);
}

}  // namespace slipway::cli

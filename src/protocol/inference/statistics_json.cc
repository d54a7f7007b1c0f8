#include "protocol/inference/statistics_json.h"

#include "base/json_writer.h"

namespace slipway {
namespace {

void write(JsonWriter& json, std::string_view key, const StatisticDuration& duration) {
  json.key(key).begin_object().key("count").value(duration.count).key("ns").value(duration.ns).end_object();
}

void write(JsonWriter& json, const BatchSizeStatistics& batch) {
  json.begin_object().key("batch_size").value(batch.batch_size);
  write(json, "compute_input", batch.compute_input);
  write(json, "compute_infer", batch.compute_infer);
  write(json, "compute_output", batch.compute_output);
  json.end_object();
}

void write(JsonWriter& json, const VersionStatistics& version) {
  json.begin_object().key("name").value(version.model).key("version").value(version.version);
  json.key("last_inference").value(version.last_inference_unix_ms);
  json.key("inference_count").value(version.inference_count).key("execution_count").value(version.execution_count);
  json.key("inference_stats").begin_object();
  write(json, "success", version.success);
  write(json, "fail", version.fail);
  write(json, "queue", version.queue);
  write(json, "compute_input", version.compute_input);
  write(json, "compute_infer", version.compute_infer);
  write(json, "compute_output", version.compute_output);
  write(json, "cache_hit", version.cache_hit);
  write(json, "cache_miss", version.cache_miss);
  json.end_object().key("batch_stats").begin_array();
  for (const BatchSizeStatistics& batch : version.batches) write(json, batch);
  json.end_array().key("memory_usage").begin_array();
  json.begin_object().key("type").value("CPU").key("id").value(0).key("byte_size").value(version.memory_bytes);
  json.end_object().end_array().end_object();
}

void write(JsonWriter& json, std::string_view key, const std::vector<ModelConfigTensor>& tensors) {
  json.key(key).begin_array();
  for (const ModelConfigTensor& tensor : tensors) {
    json.begin_object().key("name").value(tensor.name).key("data_type").value(tensor.data_type);
    json.key("dims").begin_array();
    for (const std::int64_t dimension : tensor.dims) json.value(dimension);
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

std::string statistics_body(std::span<const VersionStatistics> versions) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("model_stats").begin_array();
  for (const VersionStatistics& version : versions) write(json, version);
  json.end_array().end_object();
  return out;
}

std::string model_config_body(const ModelConfig& config) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("name").value(config.name).key("platform").value(config.platform);
  json.key("backend").value(config.backend);
  json.key("version_policy").begin_object().key("all").begin_object().end_object().end_object();
  json.key("max_batch_size").value(config.max_batch_size);
  write(json, "input", config.inputs);
  write(json, "output", config.outputs);
  json.key("instance_group").begin_array().begin_object().key("name").value(config.name);
  json.key("kind").value("KIND_CPU").key("count").value(config.instances).end_object().end_array();
  if (config.shares_runs) {
    json.key("dynamic_batching").begin_object().key("preferred_batch_size").begin_array();
    for (const std::uint32_t rows : config.preferred_rows) json.value(rows);
    json.end_array().key("max_queue_delay_microseconds").value(std::int64_t{config.delay_max.count()});
    json.key("preserve_ordering").value(config.preserves_order).end_object();
  }
  json.key("model_transaction_policy").begin_object().key("decoupled").value(config.is_decoupled).end_object();
  json.key("response_cache").begin_object().key("enable").value(config.has_response_cache).end_object();
  json.end_object();
  return out;
}

}  // namespace slipway

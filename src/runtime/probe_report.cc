#include "runtime/probe_report.h"

#include <boost/json.hpp>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "runtime/input_check.h"

namespace slipway {
namespace {

void write_tensors(JsonWriter& json, std::string_view key, const std::vector<ModelTensor>& tensors) {
  json.key(key).begin_array();
  for (const ModelTensor& tensor : tensors) {
    json.begin_object()
        .key("name")
        .value(tensor.spec.name)
        .key("datatype")
        .value(to_string(tensor.spec.type))
        .key("shape")
        .begin_array();
    for (const std::int64_t dimension : tensor.spec.shape) json.value(dimension);
    json.end_array().key("has_rank").value(tensor.has_rank).key("is_batched").value(tensor.is_batched).end_object();
  }
  json.end_array();
}

void write_summary(JsonWriter& json, const OnnxSummary& summary) {
  json.key("ir_version").value(summary.ir_version).key("producer").value(summary.producer);
  json.key("opsets").begin_object();
  for (const auto& [domain, version] : summary.opsets) json.key(domain).value(version);
  json.end_object();
  json.key("nodes").value(summary.nodes).key("expanded_nodes").value(summary.expanded_nodes);
  json.key("functions").value(summary.functions).key("graph_depth").value(summary.graph_depth);
  json.key("initializers").value(summary.initializers).key("parameters").value(summary.parameters);
  json.key("operators").begin_object();
  for (const auto& [name, times] : summary.operators) json.key(name).value(times);
  json.end_object().key("external_files").begin_array();
  for (const OnnxExternalFile& file : summary.external_files) {
    json.begin_object()
        .key("name")
        .value(file.name)
        .key("bytes_min")
        .value(file.bytes_min)
        .key("tensors")
        .value(file.tensors)
        .end_object();
  }
  json.end_array().key("custom_domains").begin_array();
  for (const std::string& domain : summary.custom_domains) json.value(domain);
  json.end_array();
}

void write_local(JsonWriter& json, const ProbeReport& report) {
  json.key("memory_peak_bytes").value(report.memory_peak_bytes);
  write_summary(json, report.summary);
  json.key("runtime_version").value(report.runtime_version).key("sandbox").begin_object();
  json.key("seccomp").value(report.has_seccomp).key("own_network").value(report.has_own_network).end_object();
}

void write_remote(JsonWriter& json, const RemoteFacts& remote) {
  json.key("remote").begin_object().key("url").value(remote.url).key("model").value(remote.model);
  json.key("version").value(remote.version).key("server").value(remote.server);
  json.key("platform").value(remote.platform).key("metadata_digest").value(remote.metadata_digest);
  json.key("binary_tensors").value(remote.has_binary_tensors).end_object();
}

// The readers below throw on a missing key or another type; parse_probe_report() catches.
namespace bj = boost::json;

std::string text_of(const bj::value& value) { return std::string(std::string_view(value.as_string())); }

std::vector<ModelTensor> read_tensors(const bj::value& value) {
  std::vector<ModelTensor> tensors;
  for (const bj::value& item : value.as_array()) {
    ModelTensor tensor;
    tensor.spec.name = text_of(item.at("name"));
    const auto type = parse_data_type(text_of(item.at("datatype")));
    if (!type) throw std::invalid_argument("unknown datatype");
    tensor.spec.type = *type;
    for (const bj::value& dimension : item.at("shape").as_array())
      tensor.spec.shape.push_back(dimension.to_number<std::int64_t>());
    tensor.has_rank = item.at("has_rank").as_bool();
    tensor.is_batched = item.at("is_batched").as_bool();
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

OnnxSummary read_summary(const bj::value& json) {
  OnnxSummary summary;
  summary.ir_version = json.at("ir_version").to_number<std::int64_t>();
  summary.producer = text_of(json.at("producer"));
  for (const auto& item : json.at("opsets").as_object())
    summary.opsets[std::string(std::string_view(item.key()))] = item.value().to_number<std::int64_t>();
  summary.nodes = json.at("nodes").to_number<std::uint64_t>();
  summary.expanded_nodes = json.at("expanded_nodes").to_number<std::uint64_t>();
  summary.functions = json.at("functions").to_number<std::uint32_t>();
  summary.graph_depth = json.at("graph_depth").to_number<std::uint32_t>();
  summary.initializers = json.at("initializers").to_number<std::uint64_t>();
  summary.parameters = json.at("parameters").to_number<std::uint64_t>();
  for (const auto& item : json.at("operators").as_object())
    summary.operators[std::string(std::string_view(item.key()))] = item.value().to_number<std::uint64_t>();
  for (const bj::value& item : json.at("external_files").as_array()) {
    summary.external_files.push_back({text_of(item.at("name")), item.at("bytes_min").to_number<std::uint64_t>(),
                                      item.at("tensors").to_number<std::uint32_t>()});
  }
  for (const bj::value& item : json.at("custom_domains").as_array()) summary.custom_domains.push_back(text_of(item));
  return summary;
}

// As our own writer spells it: Boost.JSON would write 0.93 as 9.3E-1.
void rewrite(JsonWriter& writer, const bj::value& json) {
  if (const auto* object = json.if_object()) {
    writer.begin_object();
    for (const auto& item : *object) {
      writer.key(std::string_view(item.key()));
      rewrite(writer, item.value());
    }
    writer.end_object();
  } else if (const auto* array = json.if_array()) {
    writer.begin_array();
    for (const bj::value& item : *array) rewrite(writer, item);
    writer.end_array();
  } else if (const auto* text = json.if_string()) {
    writer.value(std::string_view(*text));
  } else if (json.is_bool()) {
    writer.value(json.get_bool());
  } else if (json.is_int64()) {
    writer.value(json.get_int64());
  } else if (json.is_uint64()) {
    writer.value(json.get_uint64());
  } else if (json.is_double()) {
    writer.value(json.get_double());
  } else {
    writer.null();
  }
}

SuiteOutcome read_suite_outcome(const bj::value& json) {
  SuiteOutcome outcome;
  outcome.is_passed = json.at("passed").as_bool();
  JsonWriter writer(outcome.report);
  rewrite(writer, json);
  return outcome;
}

RemoteFacts read_remote(const bj::value& json) {
  return {.url = text_of(json.at("url")),
          .model = text_of(json.at("model")),
          .version = text_of(json.at("version")),
          .server = text_of(json.at("server")),
          .platform = text_of(json.at("platform")),
          .metadata_digest = text_of(json.at("metadata_digest")),
          .has_binary_tensors = json.at("binary_tensors").as_bool()};
}

void read_local(const bj::value& json, ProbeReport& report) {
  report.summary = read_summary(json);
  report.load_ms = json.at("load_ms").to_number<double>();
  report.memory_peak_bytes = json.at("memory_peak_bytes").to_number<std::uint64_t>();
  report.runtime_version = text_of(json.at("runtime_version"));
  report.has_seccomp = json.at("sandbox").at("seccomp").as_bool();
  report.has_own_network = json.at("sandbox").at("own_network").as_bool();
}

ProbeReport read_report(const bj::value& json) {
  ProbeReport report;
  if (text_of(json.at("format")) == "remote") {
    report.remote = read_remote(json.at("remote"));
  } else {
    read_local(json, report);
  }
  report.signature.inputs = read_tensors(json.at("inputs"));
  report.signature.outputs = read_tensors(json.at("outputs"));
  report.signature.is_batchable = !json.at("batch_axis").is_null();
  if (!json.at("run_failure").is_null()) report.run_failure = text_of(json.at("run_failure"));
  report.run_us = json.at("run_us").to_number<double>();
  for (const bj::value& warning : json.at("warnings").as_array()) report.warnings.push_back(text_of(warning));
  if (const bj::value* tests = json.as_object().if_contains("tests")) report.suite = read_suite_outcome(*tests);
  return report;
}

Error read_error(const bj::value& json) {
  Error error{Code::kUnknown, text_of(json.at("reason")), text_of(json.at("message")), {}};
  const std::string code = text_of(json.at("code"));
  for (int i = 1; i <= static_cast<int>(Code::kUnauthenticated); ++i) {
    if (to_string(static_cast<Code>(i)) == code) error.code = static_cast<Code>(i);
  }
  return error;
}

tl::unexpected<Error> bad_report(std::string_view why) {
  return fail(Code::kDataLoss, "probe.bad_report", "the probe's report cannot be read: " + std::string(why));
}

std::string megabytes(std::uint64_t bytes) { return std::to_string((bytes + (1U << 20) - 1) >> 20) + " MiB"; }

}  // namespace

std::string to_json(const ProbeReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("format").value(report.remote ? "remote" : "onnx");
  if (report.remote) write_remote(json, *report.remote);
  write_tensors(json, "inputs", report.signature.inputs);
  write_tensors(json, "outputs", report.signature.outputs);
  json.key("batch_axis");
  report.signature.is_batchable ? json.value(0) : json.null();
  json.key("run_failure");
  report.run_failure.empty() ? json.null() : json.value(report.run_failure);
  if (!report.remote) json.key("load_ms").value(report.load_ms);
  json.key("run_us").value(report.run_us);
  if (!report.remote) write_local(json, report);
  json.key("warnings").begin_array();
  for (const std::string& warning : report.warnings) json.value(warning);
  json.end_array();
  if (report.suite) json.key("tests").raw(report.suite->report);
  json.end_object();
  return out;
}

std::string to_json(const Error& error) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .key("error")
      .begin_object()
      .key("code")
      .value(to_string(error.code))
      .key("reason")
      .value(error.reason);
  json.key("message").value(error.message).end_object().end_object();
  return out;
}

Result<ProbeReport> parse_probe_report(std::string_view text) {
  boost::system::error_code broken;
  bj::parse_options options;
  options.max_depth = 16;
  const bj::value json = bj::parse(bj::string_view(text.data(), text.size()), broken, {}, options);
  if (broken) return bad_report(broken.message());
  try {
    if (json.as_object().contains("error")) return fail(read_error(json.at("error")));
    return read_report(json);
  } catch (const std::exception& error) {
    return bad_report(error.what());
  }
}

std::string describe(const ProbeReport& report) {
  const auto tensor_lines = [](std::string_view title, const std::vector<ModelTensor>& tensors) {
    std::string text;
    for (const ModelTensor& tensor : tensors) {
      text += std::string(title) + tensor.spec.name + "  " + std::string(to_string(tensor.spec.type)) + " " +
              (tensor.has_rank ? shape_text(tensor.spec.shape) : "of any shape") + "\n";
    }
    return text;
  };
  std::string text = "format      ONNX, IR version " + std::to_string(report.summary.ir_version);
  if (!report.summary.producer.empty()) text += ", made by " + quoted(report.summary.producer);
  text += "\n" + tensor_lines("input       ", report.signature.inputs) +
          tensor_lines("output      ", report.signature.outputs);
  text +=
      std::string("batch       ") +
      (report.signature.is_batchable ? "dimension 0; rows are independent (proved by running)\n" : "not possible\n");
  text += "size        " + std::to_string(report.summary.nodes) + " nodes, " +
          std::to_string(report.summary.parameters) + " parameters, " + megabytes(report.memory_peak_bytes) +
          " of memory at its peak\n";
  text += "time        loads in " + std::to_string(static_cast<std::int64_t>(report.load_ms + 0.5)) + " ms, ";
  text += report.run_failure.empty()
              ? "runs in " + std::to_string(static_cast<std::int64_t>(report.run_us + 0.5)) + " us\n"
              : "does not run on generated inputs: " + report.run_failure + "\n";
  text += std::string("sandbox     ") + (report.has_seccomp ? "seccomp" : "no seccomp") +
          (report.has_own_network ? ", own network\n" : "\n");
  if (report.suite) text += std::string("tests       ") + (report.suite->is_passed ? "passed\n" : "failed\n");
  return text;
}

}  // namespace slipway

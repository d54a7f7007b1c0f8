// Field numbers are those of onnx.proto (IR version 14).
#include "runtime/onnx_walker.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/bytes.h"
#include "runtime/onnx_type_reader.h"

namespace slipway {
namespace {

constexpr std::string_view kDefaultDomain = "ai.onnx";

std::string domain_name(std::string domain) { return domain.empty() ? std::string(kDefaultDomain) : domain; }

bool is_known_domain(std::string_view domain) {
  static constexpr std::array<std::string_view, 8> kKnown = {
      "ai.onnx",       "ai.onnx.ml",          "ai.onnx.training",    "ai.onnx.preview", "ai.onnx.preview.training",
      "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"};
  return std::ranges::find(kKnown, domain) != kKnown.end();
}

std::vector<std::pair<std::uint32_t, std::uint64_t>> flat(
    const std::unordered_map<std::uint32_t, std::uint64_t>& calls) {
  return {calls.begin(), calls.end()};
}

}  // namespace

void OnnxWalker::limit(std::string_view what, std::uint64_t max, std::string_view setting) {
  reader_->fail(
      Code::kInvalidArgument, "model.limit",
      "the model has more than " + std::to_string(max) + " " + std::string(what) + " (" + std::string(setting) + ")");
}

void OnnxWalker::walk() {
  while (reader_->next()) model_field();
}

void OnnxWalker::model_field() {
  switch (reader_->field()) {
    case 1:
      summary_.ir_version = reader_->integer();
      has_ir_version_ = !reader_->has_failed();
      break;
    case 2:
      summary_.producer = reader_->text(limits_->name_bytes_max, "producer_name");
      break;
    case 3:
      producer_version_ = reader_->text(limits_->name_bytes_max, "producer_version");
      break;
    case 4:
      reader_->skip_text(limits_->name_bytes_max, "domain");
      break;
    case 5:
      reader_->varint();
      break;
    case 6:
      reader_->skip_text(limits_->string_bytes_max, "doc_string");
      break;
    case 7:
      has_graph_ = true;
      graph(0, main_calls_);
      break;
    case 8:
      opset(true);
      break;
    case 14:
      reader_->skip_text(limits_->string_bytes_max, "metadata_props");
      break;
    case 20:
      reader_->fail(Code::kInvalidArgument, "model.training_graph",
                    "the model carries training graphs, which are not served; export it for inference");
      break;
    case 25:
      function();
      break;
    case 26:
      reader_->skip_text(limits_->string_bytes_max, "configuration");
      break;
    default:
      reader_->fail(Code::kInvalidArgument, "model.malformed",
                    "the file has a field " + std::to_string(reader_->field()) + ", which an ONNX model does not have");
  }
}

void OnnxWalker::opset(bool is_main) {
  std::string domain;
  std::int64_t version = 0;
  const int outer = reader_->enter();
  while (reader_->next()) {
    if (reader_->field() == 1) {
      domain = reader_->text(limits_->name_bytes_max, "the domain of an opset");
    } else if (reader_->field() == 2) {
      version = reader_->integer();
    } else {
      reader_->skip();
    }
  }
  reader_->leave(outer);
  if (reader_->has_failed() || !is_main) return;
  has_opset_ = true;
  if (summary_.opsets.size() >= limits_->operators_max) return limit("opsets", limits_->operators_max, "operators_max");
  summary_.opsets[domain_name(std::move(domain))] = version;
}

void OnnxWalker::graph(std::uint32_t depth, Calls& calls) {
  if (depth > limits_->graph_depth_max) {
    return reader_->fail(
        Code::kInvalidArgument, "model.limit",
        "graphs lie within graphs more than " + std::to_string(limits_->graph_depth_max) + " deep (graph_depth_max)");
  }
  summary_.graph_depth = std::max(summary_.graph_depth, depth);
  const bool is_main = depth == 0;
  const int outer = reader_->enter();
  while (reader_->next()) {
    switch (reader_->field()) {
      case 1:
        node(depth, calls);
        break;
      case 2:
        reader_->skip_text(limits_->name_bytes_max, "the name of a graph");
        break;
      case 5:
        initializer(false, is_main);
        break;
      case 15:
        initializer(true, is_main);
        break;
      case 11:
        is_main ? value_info(summary_.inputs) : reader_->skip();
        break;
      case 12:
        is_main ? value_info(summary_.outputs) : reader_->skip();
        break;
      default:
        reader_->skip();
    }
  }
  reader_->leave(outer);
}

void OnnxWalker::value_info(std::vector<OnnxValue>& values) {
  if (values.size() >= limits_->values_max) return limit("inputs or outputs", limits_->values_max, "values_max");
  values.push_back(read_value_info(*reader_, *limits_));
}

void OnnxWalker::initializer(bool is_sparse, bool is_main) {
  if (++summary_.initializers > limits_->initializers_max) {
    return limit("initializers", limits_->initializers_max, "initializers_max");
  }
  OnnxTensorHeader header = is_sparse ? read_sparse_tensor(*reader_, *limits_) : read_tensor(*reader_, *limits_);
  if (reader_->has_failed()) return;
  summary_.parameters += header.elements;
  if (is_main) filled_.insert(std::hash<std::string>{}(header.name));
  note_external(std::move(header));
}

void OnnxWalker::note_external(OnnxTensorHeader header) {
  if (!header.external_name) return;
  const auto [found, is_new] = external_index_.emplace(*header.external_name, summary_.external_files.size());
  if (is_new) {
    if (summary_.external_files.size() >= limits_->external_files_max) {
      return limit("files of external data", limits_->external_files_max, "external_files_max");
    }
    summary_.external_files.push_back({*header.external_name, 0, 0});
  }
  OnnxExternalFile& file = summary_.external_files[found->second];
  ++file.tensors;
  if (header.external_end <= file.bytes_min) return;
  const std::uint64_t grown = header.external_end - file.bytes_min;
  file.bytes_min = header.external_end;
  if (__builtin_add_overflow(external_bytes_, grown, &external_bytes_) ||
      external_bytes_ > limits_->external_bytes_max) {
    limit("bytes of external data", limits_->external_bytes_max, "external_bytes_max");
  }
}

std::uint32_t OnnxWalker::intern(const std::string& domain, const std::string& name, const std::string& overload) {
  std::string key = name;
  if (const std::string full = domain_name(domain); full != kDefaultDomain) key = full + ":" + name;
  if (!overload.empty()) key += ":" + overload;
  const auto [found, is_new] = operators_.emplace(std::move(key), static_cast<std::uint32_t>(operator_names_.size()));
  if (is_new) {
    if (operator_names_.size() >= limits_->operators_max)
      limit("different operators", limits_->operators_max, "operators_max");
    operator_names_.push_back(found->first);
  }
  return found->second;
}

void OnnxWalker::node(std::uint32_t depth, Calls& calls) {
  if (++summary_.nodes > limits_->nodes_max) return limit("nodes", limits_->nodes_max, "nodes_max");
  std::string name;
  std::string domain;
  std::string overload;
  std::uint32_t attributes = 0;
  const int outer = reader_->enter();
  while (reader_->next()) {
    switch (reader_->field()) {
      case 1:
      case 2:
      case 3:
        reader_->skip_text(limits_->name_bytes_max, "a name in a node");
        break;
      case 4:
        name = reader_->text(limits_->name_bytes_max, "op_type");
        break;
      case 7:
        domain = reader_->text(limits_->name_bytes_max, "the domain of a node");
        break;
      case 8:
        overload = reader_->text(limits_->name_bytes_max, "the overload of a node");
        break;
      case 5:
        if (++attributes > limits_->attributes_per_node_max) {
          limit("attributes in a node", limits_->attributes_per_node_max, "attributes_per_node_max");
          break;
        }
        attribute(depth, calls);
        break;
      default:
        reader_->skip();
    }
  }
  reader_->leave(outer);
  if (reader_->has_failed()) return;
  if (std::ranges::find(limits_->operators_refused, name) != limits_->operators_refused.end()) {
    return reader_->fail(Code::kInvalidArgument, "model.operator_refused",
                         "the model uses the operator " + quoted(name) + ", which reaches outside the graph");
  }
  ++calls[intern(domain, name, overload)];
}

void OnnxWalker::attribute(std::uint32_t depth, Calls& calls) {
  const int outer = reader_->enter();
  while (reader_->next()) {
    switch (reader_->field()) {
      case 1:
      case 21:
        reader_->skip_text(limits_->name_bytes_max, "the name of an attribute");
        break;
      case 4:
      case 9:
        reader_->skip_text(limits_->string_bytes_max, "a text attribute");
        break;
      case 5:
      case 10:
        attribute_tensor();
        break;
      case 22:
      case 23:
        read_sparse_tensor(*reader_, *limits_);
        break;
      case 6:
      case 11:
        graph(depth + 1, calls);
        break;
      case 14:
      case 15:
        read_type(*reader_, *limits_, 0);
        break;
      default:
        reader_->skip();
    }
  }
  reader_->leave(outer);
}

// A loader fills initializers from the bundle's files; a tensor in an attribute it would open by itself.
void OnnxWalker::attribute_tensor() {
  const OnnxTensorHeader header = read_tensor(*reader_, *limits_);
  if (!header.external_name) return;
  reader_->fail(Code::kInvalidArgument, "model.external_path",
                "a tensor in an attribute of a node keeps its values in " + quoted(*header.external_name) +
                    "; only initializers may have external data");
}

void OnnxWalker::function() {
  if (++summary_.functions > limits_->functions_max)
    return limit("local functions", limits_->functions_max, "functions_max");
  std::string name;
  std::string domain;
  std::string overload;
  Calls calls;
  const int outer = reader_->enter();
  while (reader_->next()) {
    switch (reader_->field()) {
      case 1:
        name = reader_->text(limits_->name_bytes_max, "the name of a function");
        break;
      case 4:
      case 5:
      case 6:
        reader_->skip_text(limits_->name_bytes_max, "a name in a function");
        break;
      case 7:
        node(0, calls);
        break;
      case 9:
        opset(false);
        break;
      case 10:
        domain = reader_->text(limits_->name_bytes_max, "the domain of a function");
        break;
      case 11:
        attribute(0, calls);
        break;
      case 13:
        overload = reader_->text(limits_->name_bytes_max, "the overload of a function");
        break;
      default:
        reader_->skip();
    }
  }
  reader_->leave(outer);
  if (reader_->has_failed()) return;
  function_domains_.insert(domain_name(domain));
  functions_.push_back({intern(domain, name, overload), flat(calls)});
}

Status OnnxWalker::check_versions() const {
  if (summary_.ir_version < limits_->ir_version_min || summary_.ir_version > limits_->ir_version_max) {
    return fail(Code::kInvalidArgument, "model.ir_version",
                "the model has IR version " + std::to_string(summary_.ir_version) + "; accepted are " +
                    std::to_string(limits_->ir_version_min) + " to " + std::to_string(limits_->ir_version_max));
  }
  const auto opset = summary_.opsets.find(std::string(kDefaultDomain));
  if (opset != summary_.opsets.end() && (opset->second < limits_->opset_min || opset->second > limits_->opset_max)) {
    return fail(Code::kInvalidArgument, "model.opset",
                "the model uses opset " + std::to_string(opset->second) + " of ai.onnx; accepted are " +
                    std::to_string(limits_->opset_min) + " to " + std::to_string(limits_->opset_max));
  }
  return {};
}

Result<OnnxSummary> OnnxWalker::finish() {
  SLIPWAY_CHECK(check_versions());
  if (summary_.outputs.empty()) {
    return fail(Code::kInvalidArgument, "model.no_outputs", "the model declares no outputs");
  }
  SLIPWAY_TRY(const Expansion expansion, expand_functions(flat(main_calls_), functions_, operator_names_));
  if (expansion.depth > limits_->function_depth_max) {
    return fail(Code::kInvalidArgument, "model.limit",
                "local functions call each other " + std::to_string(expansion.depth) + " deep; at most " +
                    std::to_string(limits_->function_depth_max) + " (function_depth_max)");
  }
  if (expansion.nodes > limits_->expanded_nodes_max) {
    return fail(Code::kInvalidArgument, "model.limit",
                "with its local functions inlined the model has " + std::to_string(expansion.nodes) +
                    " nodes; at most " + std::to_string(limits_->expanded_nodes_max) + " (expanded_nodes_max)");
  }
  summary_.expanded_nodes = expansion.nodes;
  if (!producer_version_.empty()) summary_.producer += " " + producer_version_;
  std::erase_if(summary_.inputs,
                [&](const OnnxValue& input) { return filled_.contains(std::hash<std::string>{}(input.name)); });

  Calls all = main_calls_;
  for (const FunctionBody& body : functions_) {
    for (const auto& [index, times] : body.calls) all[index] += times;
  }
  for (const auto& [index, times] : all) summary_.operators[operator_names_[index]] = times;
  for (const auto& [domain, version] : summary_.opsets) {
    if (!is_known_domain(domain) && !function_domains_.contains(domain)) summary_.custom_domains.push_back(domain);
  }
  return std::move(summary_);
}

}  // namespace slipway

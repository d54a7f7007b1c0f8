// What a model file may ask for. Each is a named setting; the defaults admit every model of the ONNX model zoo.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slipway {

struct OnnxLimits {
  std::uint64_t file_bytes_max = (std::uint64_t{1} << 31) - 1;  // protobuf's own limit; larger weights are external
  std::uint64_t external_bytes_max = std::uint64_t{64} << 30;   // all external data together
  std::uint32_t external_files_max = 4'096;
  std::uint64_t nodes_max = 500'000;             // of all graphs and functions
  std::uint64_t expanded_nodes_max = 2'000'000;  // after every local function is inlined
  std::uint32_t graph_depth_max = 16;            // graphs within attributes of nodes (If, Loop, Scan)
  std::uint32_t functions_max = 1'024;
  std::uint32_t function_depth_max = 16;  // local functions that call local functions
  std::uint64_t initializers_max = 200'000;
  std::uint32_t values_max = 4'096;     // inputs and outputs of the model
  std::uint32_t operators_max = 4'096;  // different operators
  std::uint32_t attributes_per_node_max = 256;
  std::uint32_t tensor_rank_max = 32;
  std::int64_t dimension_max = std::int64_t{1} << 40;
  std::uint64_t tensor_elements_max = std::uint64_t{1} << 34;
  std::uint32_t type_depth_max = 8;  // sequence of map of sequence …
  std::uint32_t name_bytes_max = 4'096;
  std::uint64_t string_bytes_max = std::uint64_t{64} << 20;  // one string attribute or element
  std::int64_t ir_version_min = 3;
  std::int64_t ir_version_max = 14;
  std::int64_t opset_min = 1;                                              // of the default domain
  std::int64_t opset_max = 28;                                             // of the default domain
  std::vector<std::string> operators_refused = {"EPContext", "PythonOp"};  // open files or run code outside the graph
};

}  // namespace slipway

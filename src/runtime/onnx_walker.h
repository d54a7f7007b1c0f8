// Walks a ModelProto once, from the first byte to the last, and adds up an OnnxSummary.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/onnx_functions.h"
#include "runtime/onnx_inspect.h"
#include "runtime/onnx_tensor.h"
#include "runtime/onnx_wire.h"

namespace slipway {

class OnnxWalker {
 public:
  OnnxWalker(WireReader& reader, const OnnxLimits& limits) : reader_(&reader), limits_(&limits) {}

  // Errors stick to the reader. Call once.
  void walk();

  // True once the file has said enough to be called ONNX, whatever is wrong with the rest.
  bool looks_like_onnx() const noexcept { return has_ir_version_ && (has_graph_ || has_opset_); }

  // Call after walk(): checks what needs the whole file. Fails with invalid_argument.
  Result<OnnxSummary> finish();

 private:
  using Calls = std::unordered_map<std::uint32_t, std::uint64_t>;

  void model_field();
  void opset(bool is_main);
  void graph(std::uint32_t depth, Calls& calls);
  void node(std::uint32_t depth, Calls& calls);
  void attribute(std::uint32_t depth, Calls& calls);
  void attribute_tensor();
  void function();
  void initializer(bool is_sparse, bool is_main);
  void value_info(std::vector<OnnxValue>& values);
  void note_external(OnnxTensorHeader header);
  void limit(std::string_view what, std::uint64_t max, std::string_view setting);
  std::uint32_t intern(const std::string& domain, const std::string& name, const std::string& overload);
  Status check_versions() const;

  WireReader* reader_;
  const OnnxLimits* limits_;
  OnnxSummary summary_;
  bool has_ir_version_ = false;
  bool has_graph_ = false;
  bool has_opset_ = false;
  std::string producer_version_;
  std::vector<std::string> operator_names_;
  std::unordered_map<std::string, std::uint32_t> operators_;
  std::unordered_set<std::string> function_domains_;
  std::unordered_set<std::size_t> filled_;  // hashes of the main graph's initializer names
  std::unordered_map<std::string, std::size_t> external_index_;
  std::uint64_t external_bytes_ = 0;
  Calls main_calls_;
  std::vector<FunctionBody> functions_;
};

}  // namespace slipway

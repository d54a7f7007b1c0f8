// Reads what an ONNX file declares, and refuses one that asks for too much, without loading it.
//
// Walks the protobuf wire format in bounded memory: weights are skipped, never held; graphs within graphs are followed
// to a limit. A file that is not ONNX is refused as invalid_argument "model.not_onnx" with the name of what it is.
// Passing says that the file is well formed and modest, not that it is harmless: probe.h runs it in a sandbox.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "runtime/onnx_limits.h"

namespace slipway {

enum class OnnxValueKind : std::uint8_t { kTensor, kSparseTensor, kSequence, kMap, kOptional, kOther };

// An input or output as declared in the file.
struct OnnxValue {
  std::string name;
  OnnxValueKind kind = OnnxValueKind::kOther;
  std::string type_text;              // "tensor(float)", "seq(map(int64,tensor(float)))"
  std::optional<DataType> data_type;  // of a tensor whose type has a name in the protocol
  bool has_rank = false;              // false: the file does not even say how many dimensions
  std::vector<std::int64_t> shape;    // -1: variable
};

// A file beside the model that holds weights. `bytes_min`: how long it must be for every tensor in it.
struct OnnxExternalFile {
  std::string name;  // relative, '/' between parts, no "." or ".."
  std::uint64_t bytes_min = 0;
  std::uint32_t tensors = 0;
};

struct OnnxSummary {
  std::int64_t ir_version = 0;
  std::map<std::string, std::int64_t> opsets;  // "ai.onnx" is the default domain
  std::string producer;                        // "skl2onnx 1.20.0"
  std::vector<OnnxValue> inputs;               // without those that initializers fill
  std::vector<OnnxValue> outputs;
  std::uint64_t nodes = 0;           // of all graphs and functions
  std::uint64_t expanded_nodes = 0;  // after local functions are inlined
  std::map<std::string, std::uint64_t> operators;
  std::uint64_t initializers = 0;
  std::uint64_t parameters = 0;  // elements of all initializers; trees keep theirs in attributes
  std::uint32_t functions = 0;
  std::uint32_t graph_depth = 0;
  std::vector<OnnxExternalFile> external_files;
  std::vector<std::string> custom_domains;  // neither ONNX's, nor ONNX Runtime's, nor defined in the file
};

Result<OnnxSummary> inspect_onnx(std::span<const std::byte> bytes, const OnnxLimits& limits = {});

// Reads through a 64 KiB window. `fd` is a regular file open for reading at its start; the caller closes it.
Result<OnnxSummary> inspect_onnx_file(int fd, const OnnxLimits& limits = {});

// A name of external data that stays inside the bundle: relative, no "..", ".", empty part, backslash, drive or control
// character. Fails with invalid_argument "model.external_path", or "model.memory_address" for a pointer in disguise.
Status check_external_name(std::string_view name);

}  // namespace slipway

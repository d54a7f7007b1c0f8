// Writes small ONNX models byte by byte, so that tests need no exporter and can also write what no exporter would.
// Field numbers are those of onnx.proto.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::testing {

// A sanitizer's allocator ends the process where the real one says that memory is short.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kHasSanitizer = true;
#else
inline constexpr bool kHasSanitizer = false;
#endif

// One protobuf message under construction.
class Proto {
 public:
  Proto& number(int field, std::int64_t value) {
    tag(field, 0);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  Proto& text(int field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Proto& message(int field, const Proto& value) { return text(field, value.bytes_); }
  Proto& real(int field, float value) {
    tag(field, 5);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(bits >> shift);
    return *this;
  }
  Proto& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void tag(int field, int type) { varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(type)); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

// TensorProto.DataType
enum Element : std::int64_t {
  kFloat = 1,
  kU8 = 2,
  kI8 = 3,
  kU16 = 4,
  kI16 = 5,
  kI32 = 6,
  kI64 = 7,
  kString = 8,
  kBoolean = 9,
  kHalf = 10,
  kDouble = 11,
  kU32 = 12,
  kU64 = 13,
  kBfloat = 16
};

// -1 is a symbolic dimension "N", -2 a variable one without a name.
using Shape = std::vector<std::int64_t>;

inline Proto tensor_type(Element element, const Shape& shape) {
  Proto dims;
  for (const std::int64_t dimension : shape) {
    Proto dim;
    if (dimension >= 0) dim.number(1, dimension);
    if (dimension == -1) dim.text(2, "N");
    dims.message(1, dim);
  }
  return Proto().message(1, Proto().number(1, element).message(2, dims));
}
inline Proto unranked_type(Element element) { return Proto().message(1, Proto().number(1, element)); }
inline Proto map_type(Element key, const Proto& value) {
  return Proto().message(5, Proto().number(1, key).message(2, value));
}
inline Proto sequence_type(const Proto& element) { return Proto().message(4, Proto().message(1, element)); }
inline Proto value_info(std::string_view name, const Proto& type) { return Proto().text(1, name).message(2, type); }

inline Proto raw_tensor(std::string_view name, Element element, const Shape& dims, std::string_view raw) {
  Proto tensor;
  for (const std::int64_t dimension : dims) tensor.number(1, dimension);
  return tensor.number(2, element).text(8, name).text(9, raw);
}
template <typename T>
std::string raw_bytes(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}
inline Proto external_tensor(std::string_view name, Element element, const Shape& dims, std::string_view location,
                             std::string_view offset, std::string_view length) {
  Proto tensor;
  for (const std::int64_t dimension : dims) tensor.number(1, dimension);
  tensor.number(2, element).text(8, name).message(13, Proto().text(1, "location").text(2, location));
  if (!offset.empty()) tensor.message(13, Proto().text(1, "offset").text(2, offset));
  if (!length.empty()) tensor.message(13, Proto().text(1, "length").text(2, length));
  return tensor.number(14, 1);
}

inline Proto int_attribute(std::string_view name, std::int64_t value) {
  return Proto().text(1, name).number(3, value).number(20, 2);
}
inline Proto ints_attribute(std::string_view name, const std::vector<std::int64_t>& values) {
  Proto attribute;
  attribute.text(1, name).number(20, 7);
  for (const std::int64_t value : values) attribute.number(8, value);
  return attribute;
}
inline Proto strings_attribute(std::string_view name, const std::vector<std::string>& values) {
  Proto attribute;
  attribute.text(1, name).number(20, 8);
  for (const std::string& value : values) attribute.text(9, value);
  return attribute;
}
inline Proto tensor_attribute(std::string_view name, const Proto& tensor) {
  return Proto().text(1, name).message(5, tensor).number(20, 4);
}
inline Proto graph_attribute(std::string_view name, const Proto& graph) {
  return Proto().text(1, name).message(6, graph).number(20, 5);
}

inline Proto node(std::string_view op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                  const std::vector<Proto>& attributes = {}, std::string_view domain = "") {
  Proto node;
  for (const std::string& input : inputs) node.text(1, input);
  for (const std::string& output : outputs) node.text(2, output);
  node.text(4, op);
  for (const Proto& attribute : attributes) node.message(5, attribute);
  if (!domain.empty()) node.text(7, domain);
  return node;
}

struct Graph {
  std::vector<Proto> nodes = {};
  std::vector<Proto> inputs = {};
  std::vector<Proto> outputs = {};
  std::vector<Proto> initializers = {};

  Proto proto() const {
    Proto graph;
    for (const Proto& node : nodes) graph.message(1, node);
    graph.text(2, "graph");
    for (const Proto& initializer : initializers) graph.message(5, initializer);
    for (const Proto& input : inputs) graph.message(11, input);
    for (const Proto& output : outputs) graph.message(12, output);
    return graph;
  }
};

struct ModelParts {
  Graph graph;
  std::vector<Proto> functions = {};
  std::vector<std::pair<std::string, std::int64_t>> opsets = {{"", 17}, {"ai.onnx.ml", 3}};
  std::int64_t ir_version = 8;
};

inline std::string model_bytes(const ModelParts& parts) {
  Proto model;
  model.number(1, parts.ir_version).text(2, "tests").text(3, "1");
  model.message(7, parts.graph.proto());
  for (const auto& [domain, version] : parts.opsets) model.message(8, Proto().text(1, domain).number(2, version));
  for (const Proto& function : parts.functions) model.message(25, function);
  return model.bytes();
}

// y = x
inline std::string identity_model(Element element, const Shape& shape) {
  return model_bytes({.graph = {{node("Identity", {"x"}, {"y"})},
                                {value_info("x", tensor_type(element, shape))},
                                {value_info("y", tensor_type(element, shape))},
                                {}}});
}

// The public sample "simple": OUTPUT0 = INPUT0 + INPUT1, OUTPUT1 = INPUT0 - INPUT1.
inline std::string add_sub_model(const Shape& shape) {
  return model_bytes(
      {.graph = {{node("Add", {"INPUT0", "INPUT1"}, {"OUTPUT0"}), node("Sub", {"INPUT0", "INPUT1"}, {"OUTPUT1"})},
                 {value_info("INPUT0", tensor_type(kI32, shape)), value_info("INPUT1", tensor_type(kI32, shape))},
                 {value_info("OUTPUT0", tensor_type(kI32, shape)), value_info("OUTPUT1", tensor_type(kI32, shape))},
                 {}}});
}

// Scores [N,3] through ZipMap, as scikit-learn's classifiers end.
inline std::string zipmap_model(bool has_text_keys) {
  const Proto keys = has_text_keys ? strings_attribute("classlabels_strings", {"setosa", "", "virginica"})
                                   : ints_attribute("classlabels_int64s", {10, 20, 30});
  return model_bytes({.graph = {{node("ZipMap", {"scores"}, {"probability"}, {keys}, "ai.onnx.ml")},
                                {value_info("scores", tensor_type(kFloat, {-2, 3}))},
                                {value_info("probability", sequence_type(map_type(has_text_keys ? kString : kI64,
                                                                                  tensor_type(kFloat, {}))))},
                                {}}});
}

// A Loop that never ends, at run time.
inline std::string endless_model() {
  const Graph body = {
      {node("Identity", {"go"}, {"go_on"}), node("Add", {"carried", "carried"}, {"carried_out"})},
      {value_info("i", tensor_type(kI64, {})), value_info("go", tensor_type(kBoolean, {})),
       value_info("carried", tensor_type(kFloat, {-2}))},
      {value_info("go_on", tensor_type(kBoolean, {})), value_info("carried_out", tensor_type(kFloat, {-2}))},
      {}};
  return model_bytes({.graph = {{node("Loop", {"count", "yes", "x"}, {"y"}, {graph_attribute("body", body.proto())})},
                                {value_info("x", tensor_type(kFloat, {-1}))},
                                {value_info("y", tensor_type(kFloat, {-1}))},
                                {raw_tensor("count", kI64, {}, raw_bytes<std::int64_t>({INT64_MAX})),
                                 raw_tensor("yes", kBoolean, {}, std::string(1, '\1'))}}});
}

// Asks for a tensor of `elements` floats, at run time.
inline std::string hungry_model(std::int64_t elements) {
  return model_bytes({.graph = {{node("Add", {"x", "size"}, {"shape"}), node("ConstantOfShape", {"shape"}, {"big"}),
                                 node("ReduceSum", {"big"}, {"y"}, {int_attribute("keepdims", 0)})},
                                {value_info("x", tensor_type(kI64, {1}))},
                                {value_info("y", tensor_type(kFloat, {}))},
                                {raw_tensor("size", kI64, {1}, raw_bytes<std::int64_t>({elements}))}}});
}

}  // namespace slipway::testing

#include "runtime/onnx_type_reader.h"

#include "runtime/onnx_types.h"

namespace slipway {
namespace {

std::string type_name(std::int64_t number) {
  const OnnxElementType* type = onnx_element_type(number);
  return type == nullptr ? "type " + std::to_string(number) : std::string(type->name);
}

std::int64_t read_dimension(WireReader& reader, const OnnxLimits& limits) {
  std::int64_t dimension = -1;
  const int outer = reader.enter();
  while (reader.next()) {
    if (reader.field() == 1) {
      dimension = reader.integer();
      if (dimension < 0) dimension = -1;  // some exporters write -1 for a variable dimension
      if (dimension > limits.dimension_max) {
        reader.fail(Code::kInvalidArgument, "model.limit",
                    "an input or output has a dimension of " + std::to_string(dimension) + "; at most " +
                        std::to_string(limits.dimension_max) + " (dimension_max)");
      }
    } else if (reader.field() == 2) {
      reader.skip_text(limits.name_bytes_max, "the name of a dimension");
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
  return dimension;
}

std::vector<std::int64_t> read_shape(WireReader& reader, const OnnxLimits& limits) {
  std::vector<std::int64_t> shape;
  const int outer = reader.enter();
  while (reader.next()) {
    if (reader.field() != 1) {
      reader.skip();
      continue;
    }
    if (shape.size() == limits.tensor_rank_max) {
      reader.fail(Code::kInvalidArgument, "model.limit",
                  "an input or output has more than " + std::to_string(limits.tensor_rank_max) +
                      " dimensions (tensor_rank_max)");
      break;
    }
    shape.push_back(read_dimension(reader, limits));
  }
  reader.leave(outer);
  return shape;
}

void read_tensor_type(WireReader& reader, const OnnxLimits& limits, OnnxValue& value) {
  std::int64_t element = 0;
  const int outer = reader.enter();
  while (reader.next()) {
    if (reader.field() == 1) {
      element = reader.integer();
    } else if (reader.field() == 2) {
      value.shape = read_shape(reader, limits);
      value.has_rank = true;
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
  value.type_text = "tensor(" + type_name(element) + ")";
  if (const OnnxElementType* type = onnx_element_type(element)) value.data_type = type->type;
}

// Sequence and optional hold one type (field 1); map holds the key's element type (1) and one type (2).
std::string read_inner_type(WireReader& reader, const OnnxLimits& limits, std::uint32_t depth, bool is_map) {
  std::string key;
  std::string inner = "?";
  const int outer = reader.enter();
  while (reader.next()) {
    if (is_map && reader.field() == 1) {
      key = type_name(reader.integer()) + ",";
    } else if (reader.field() == (is_map ? 2 : 1)) {
      inner = read_type(reader, limits, depth + 1).type_text;
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
  return key + inner;
}

}  // namespace

OnnxValue read_type(WireReader& reader, const OnnxLimits& limits, std::uint32_t depth) {
  OnnxValue value;
  value.type_text = "unknown";
  if (depth >= limits.type_depth_max) {
    reader.fail(Code::kInvalidArgument, "model.limit",
                "a type holds types more than " + std::to_string(limits.type_depth_max) + " deep (type_depth_max)");
    return value;
  }
  const int outer = reader.enter();
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        value.kind = OnnxValueKind::kTensor;
        read_tensor_type(reader, limits, value);
        break;
      case 4:
        value.kind = OnnxValueKind::kSequence;
        value.type_text = "seq(" + read_inner_type(reader, limits, depth, false) + ")";
        break;
      case 5:
        value.kind = OnnxValueKind::kMap;
        value.type_text = "map(" + read_inner_type(reader, limits, depth, true) + ")";
        break;
      case 8: {
        value.kind = OnnxValueKind::kSparseTensor;
        OnnxValue sparse;
        read_tensor_type(reader, limits, sparse);
        value.type_text = "sparse_" + sparse.type_text;
        break;
      }
      case 9:
        value.kind = OnnxValueKind::kOptional;
        value.type_text = "optional(" + read_inner_type(reader, limits, depth, false) + ")";
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return value;
}

OnnxValue read_value_info(WireReader& reader, const OnnxLimits& limits) {
  OnnxValue value;
  std::string name;
  const int outer = reader.enter();
  while (reader.next()) {
    if (reader.field() == 1) {
      name = reader.text(limits.name_bytes_max, "the name of an input or output");
    } else if (reader.field() == 2) {
      value = read_type(reader, limits, 0);
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
  value.name = std::move(name);
  return value;
}

}  // namespace slipway

#include "runtime/onnx_tensor.h"

#include <charconv>
#include <vector>

#include "base/bytes.h"
#include "runtime/onnx_inspect.h"
#include "runtime/onnx_types.h"

namespace slipway {
namespace {

struct External {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

struct Payload {
  std::uint64_t elements_max = 0;  // upper bound of the elements in typed fields
  std::uint64_t strings = 0;
  std::optional<std::uint64_t> raw_bytes;
};

void refuse(WireReader& reader, std::string_view reason, std::string message) {
  reader.fail(Code::kInvalidArgument, reason, std::move(message));
}

std::string named(const std::string& name) { return name.empty() ? "a tensor" : "tensor " + quoted(name); }

std::uint64_t parse_offset(WireReader& reader, const std::string& text, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    refuse(reader, "model.malformed",
           "external data has the " + std::string(what) + " " + quoted(text) + "; expected a whole number");
  }
  return value;
}

// StringStringEntryProto of external_data.
void read_external_entry(WireReader& reader, const OnnxLimits& limits, External& external) {
  const int outer = reader.enter();
  std::string key;
  std::string value;
  while (reader.next()) {
    if (reader.field() == 1) {
      key = reader.text(limits.name_bytes_max, "a key of external data");
    } else if (reader.field() == 2) {
      value = reader.text(limits.name_bytes_max, "a value of external data");
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
  if (reader.has_failed()) return;
  if (key == "location") external.location = value;
  if (key == "offset") external.offset = parse_offset(reader, value, "offset");
  if (key == "length") external.length = parse_offset(reader, value, "length");
}

void add_dimension(WireReader& reader, const OnnxLimits& limits, std::int64_t dimension,
                   std::vector<std::int64_t>& dims) {
  if (dimension < 0 || dimension > limits.dimension_max) {
    refuse(reader, "model.limit",
           "a tensor has a dimension of " + std::to_string(dimension) + "; accepted are 0 to " +
               std::to_string(limits.dimension_max) + " (dimension_max)");
  }
  if (dims.size() >= limits.tensor_rank_max) {
    refuse(reader, "model.limit",
           "a tensor has more than " + std::to_string(limits.tensor_rank_max) + " dimensions (tensor_rank_max)");
  }
  if (!reader.has_failed()) dims.push_back(dimension);
}

void read_dimensions(WireReader& reader, const OnnxLimits& limits, std::vector<std::int64_t>& dims) {
  reader.varints([&](std::uint64_t value) {
    add_dimension(reader, limits, static_cast<std::int64_t>(value), dims);
    return !reader.has_failed();
  });
}

std::uint64_t count_elements(WireReader& reader, const OnnxLimits& limits, const std::string& name,
                             const std::vector<std::int64_t>& dims) {
  std::uint64_t count = 1;
  bool is_empty = false;
  bool is_too_large = false;
  for (const std::int64_t dimension : dims) {
    if (dimension == 0) {
      is_empty = true;
    } else if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(dimension), &count)) {
      is_too_large = true;
      break;
    }
  }
  if (is_empty) return 0;
  if (is_too_large || count > limits.tensor_elements_max) {
    refuse(reader, "model.limit",
           named(name) + " has more than " + std::to_string(limits.tensor_elements_max) +
               " elements (tensor_elements_max)");
  }
  return count;
}

std::uint64_t bytes_of(std::uint64_t elements, std::uint32_t bits) {
  return elements / 8 * bits + (elements % 8 * bits + 7) / 8;
}

void check_external(WireReader& reader, const External& external, const OnnxElementType& type,
                    OnnxTensorHeader& header) {
  if (const Status name = check_external_name(external.location); !name) {
    reader.fail(name.error().code, name.error().reason, named(header.name) + ": " + name.error().message);
    return;
  }
  if (type.bits == 0) {
    return refuse(reader, "model.malformed",
                  named(header.name) + " keeps text as external data, which ONNX does not allow");
  }
  const std::uint64_t expected = bytes_of(header.elements, type.bits);
  if (external.length && *external.length != expected) {
    return refuse(reader, "model.malformed",
                  named(header.name) + " needs " + std::to_string(expected) + " bytes of external data and names " +
                      std::to_string(*external.length));
  }
  if (__builtin_add_overflow(external.offset, expected, &header.external_end)) {
    return refuse(reader, "model.malformed", named(header.name) + " has an offset of external data beyond 2^64");
  }
  header.external_name = external.location;
}

// A tensor that declares more than it carries would make a loader allocate for it.
void check_payload(WireReader& reader, const Payload& payload, const OnnxElementType& type,
                   const OnnxTensorHeader& header) {
  const auto disagree = [&](std::uint64_t found, std::string_view unit) {
    refuse(reader, "model.malformed",
           named(header.name) + " declares " + std::to_string(header.elements) + " elements and carries " +
               std::to_string(found) + " " + std::string(unit));
  };
  if (type.bits == 0) {
    if (payload.strings != header.elements) disagree(payload.strings, "strings");
    return;
  }
  if (payload.raw_bytes) {
    if (*payload.raw_bytes != bytes_of(header.elements, type.bits)) disagree(*payload.raw_bytes, "bytes");
    return;
  }
  const std::uint64_t packed_in_one = type.bits >= 8 ? 1 : 8 / type.bits;
  if (header.elements > payload.elements_max * packed_in_one) disagree(payload.elements_max, "values");
}

}  // namespace

OnnxTensorHeader read_tensor(WireReader& reader, const OnnxLimits& limits) {
  OnnxTensorHeader header;
  std::vector<std::int64_t> dims;
  std::int64_t type_number = 0;
  std::int64_t data_location = 0;
  bool has_external_entries = false;
  External external;
  Payload payload;
  const int outer = reader.enter();
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        read_dimensions(reader, limits, dims);
        break;
      case 2:
        type_number = reader.integer();
        break;
      case 4:
        payload.elements_max += reader.payload_bytes() / 4;
        break;  // float_data
      case 10:
        payload.elements_max += reader.payload_bytes() / 8;
        break;  // double_data
      case 5:
      case 7:
      case 11:
        payload.elements_max += reader.payload_bytes();
        break;  // integers, a byte or more each
      case 6:
        reader.skip_text(limits.string_bytes_max, "a text element");
        ++payload.strings;
        break;
      case 8:
        header.name = reader.text(limits.name_bytes_max, "a tensor's name");
        break;
      case 9:
        payload.raw_bytes = payload.raw_bytes.value_or(0) + reader.payload_bytes();
        break;
      case 13:
        read_external_entry(reader, limits, external);
        has_external_entries = true;
        break;
      case 14:
        data_location = reader.integer();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (reader.has_failed()) return header;

  const OnnxElementType* type = onnx_element_type(type_number);
  if (type == nullptr) {
    refuse(reader, "model.malformed",
           named(header.name) + " has the unknown element type " + std::to_string(type_number));
    return header;
  }
  header.elements = count_elements(reader, limits, header.name, dims);
  if (reader.has_failed()) return header;
  if (data_location != 0 || has_external_entries) {
    check_external(reader, external, *type, header);
  } else {
    check_payload(reader, payload, *type, header);
  }
  return header;
}

OnnxTensorHeader read_sparse_tensor(WireReader& reader, const OnnxLimits& limits) {
  OnnxTensorHeader header;
  std::vector<std::int64_t> dims;
  const int outer = reader.enter();
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
      case 2: {
        OnnxTensorHeader part = read_tensor(reader, limits);
        if (part.external_name) {
          refuse(reader, "model.external_path",
                 "sparse " + named(part.name) + " keeps its values as external data, which is not supported");
        }
        if (reader.field() == 1) header.name = std::move(part.name);
        break;
      }
      case 3:
        read_dimensions(reader, limits, dims);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (!reader.has_failed()) header.elements = count_elements(reader, limits, header.name, dims);
  return header;
}

}  // namespace slipway

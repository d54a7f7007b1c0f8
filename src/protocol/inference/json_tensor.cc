#include "protocol/inference/json_tensor.h"

#include <cstring>
#include <limits>

#include "base/bytes.h"
#include "protocol/inference/round.h"

namespace slipway {
namespace {

std::string input_name(const TensorView& tensor) { return "input " + quoted(tensor.name); }

tl::unexpected<Error> bad_element(const TensorView& tensor, std::size_t index, JsonValue value) {
  return fail(Code::kInvalidArgument, "infer.bad_element",
              input_name(tensor) + " element " + std::to_string(index) + ": " + quoted(shown_token(value)) +
                  " is not a value of " + std::string(to_string(tensor.type)));
}

tl::unexpected<Error> bad_count(const TensorView& tensor) {
  std::string shape;
  for (const std::int64_t dimension : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(dimension);
  return fail(Code::kInvalidArgument, "infer.shape_mismatch",
              input_name(tensor) + ": the data does not have the elements of the shape [" + shape + "]");
}

// How one element of a type is read; false: the value is not one of the type.
template <typename T>
bool read_integer(JsonValue value, T& out) {
  if constexpr (std::is_same_v<T, std::uint64_t>) {
    return !value.get_uint64().get(out);
  } else {
    std::int64_t wide = 0;
    if (value.get_int64().get(wide)) return false;
    if (wide < static_cast<std::int64_t>(std::numeric_limits<T>::min())) return false;
    if (wide > static_cast<std::int64_t>(std::numeric_limits<T>::max())) return false;
    out = static_cast<T>(wide);
    return true;
  }
}

bool read_boolean(JsonValue value, std::uint8_t& out) {
  bool flag = false;
  if (!value.get_bool().get(flag)) {
    out = flag ? 1 : 0;
    return true;
  }
  std::uint64_t number = 0;
  if (value.get_uint64().get(number) || number > 1) return false;
  out = static_cast<std::uint8_t>(number);
  return true;
}

template <typename T, typename Round>
bool read_rounded(JsonValue value, T& out, Round round) {
  double number = 0;
  if (value.get_double().get(number)) return false;
  const auto rounded = round(number);
  if (!rounded) return false;
  out = *rounded;
  return true;
}

// Walks flat or nested data; Read is bool(JsonValue, T&).
template <typename T, typename Read>
class Filler {
 public:
  Filler(const TensorView& tensor, std::span<T> out, Read read) : tensor_(tensor), out_(out), read_(read) {}

  Status fill(JsonArray data) {
    SLIPWAY_CHECK(fill_dimension(data, 0));
    return next_ == out_.size() ? Status() : Status(bad_count(tensor_));
  }

 private:
  Status fill_dimension(JsonArray data, std::size_t dimension) {
    const bool may_nest = dimension + 1 < tensor_.shape.size();
    bool is_nested = dimension > 0 && may_nest;  // once nested, to the last dimension
    std::size_t elements = 0;
    for (auto element : data) {
      JsonValue value;
      if (const auto error = element.get(value)) return bad_json(JsonPlace("the data of an input"), error);
      if (elements == 0 && dimension == 0 && may_nest) {
        simdjson::ondemand::json_type type{};
        if (const auto error = value.type().get(type)) return bad_json(JsonPlace("the data of an input"), error);
        is_nested = type == simdjson::ondemand::json_type::array;
      }
      ++elements;
      if (is_nested) {
        JsonArray inner;
        if (const auto error = value.get_array().get(inner)) {
          return error == simdjson::INCORRECT_TYPE ? Status(bad_count(tensor_))
                                                   : Status(bad_json(JsonPlace("the data of an input"), error));
        }
        SLIPWAY_CHECK(fill_dimension(inner, dimension + 1));
        continue;
      }
      if (next_ == out_.size()) return bad_count(tensor_);
      if (!read_(value, out_[next_])) return bad_element(tensor_, next_, value);
      ++next_;
    }
    const bool is_flat = dimension == 0 && !is_nested;
    if (!is_flat && elements != static_cast<std::size_t>(tensor_.shape[dimension])) return bad_count(tensor_);
    return {};
  }

  const TensorView& tensor_;
  std::span<T> out_;
  Read read_;
  std::size_t next_ = 0;
};

template <typename T, typename Read>
Status fill(JsonArray data, std::size_t count, TensorView& tensor, Arena& arena, Read read) {
  const std::span<T> out = arena.allocate_of<T>(count);
  tensor.data = std::as_bytes(out);
  return Filler<T, Read>(tensor, out, read).fill(data);
}

template <typename T>
Status fill_integers(JsonArray data, std::size_t count, TensorView& tensor, Arena& arena) {
  return fill<T>(data, count, tensor, arena, [](JsonValue value, T& out) { return read_integer(value, out); });
}

Status fill_floats(JsonArray data, std::size_t count, TensorView& tensor, Arena& arena) {
  return fill<float>(data, count, tensor, arena, [](JsonValue value, float& out) {
    const std::string_view digits = value.raw_json_token();
    return read_rounded(value, out, [&](double number) { return round_to_float(number, digits); });
  });
}

Status fill_texts(JsonArray data, std::size_t count, TensorView& tensor, Arena& arena) {
  const std::span<std::string_view> out = arena.allocate_of<std::string_view>(count);
  tensor.strings = out;
  const auto read = [&arena](JsonValue value, std::string_view& text) {
    const auto decoded = read_text(value, "", arena);
    if (decoded) text = *decoded;
    return decoded.has_value();
  };
  return Filler<std::string_view, decltype(read)>(tensor, out, read).fill(data);
}

}  // namespace

Status read_json_tensor(JsonArray data, std::size_t count, TensorView& tensor, Arena& arena) {
  switch (tensor.type) {
    case DataType::kBool:
      return fill<std::uint8_t>(data, count, tensor, arena,
                                [](JsonValue value, std::uint8_t& out) { return read_boolean(value, out); });
    case DataType::kUint8:
      return fill_integers<std::uint8_t>(data, count, tensor, arena);
    case DataType::kUint16:
      return fill_integers<std::uint16_t>(data, count, tensor, arena);
    case DataType::kUint32:
      return fill_integers<std::uint32_t>(data, count, tensor, arena);
    case DataType::kUint64:
      return fill_integers<std::uint64_t>(data, count, tensor, arena);
    case DataType::kInt8:
      return fill_integers<std::int8_t>(data, count, tensor, arena);
    case DataType::kInt16:
      return fill_integers<std::int16_t>(data, count, tensor, arena);
    case DataType::kInt32:
      return fill_integers<std::int32_t>(data, count, tensor, arena);
    case DataType::kInt64:
      return fill_integers<std::int64_t>(data, count, tensor, arena);
    case DataType::kFp16:
      return fill<std::uint16_t>(data, count, tensor, arena, [](JsonValue value, std::uint16_t& out) {
        return read_rounded(value, out, round_to_half);
      });
    case DataType::kBf16:
      return fill<std::uint16_t>(data, count, tensor, arena, [](JsonValue value, std::uint16_t& out) {
        return read_rounded(value, out, round_to_bfloat16);
      });
    case DataType::kFp32:
      return fill_floats(data, count, tensor, arena);
    case DataType::kFp64:
      return fill<double>(data, count, tensor, arena,
                          [](JsonValue value, double& out) { return !value.get_double().get(out); });
    case DataType::kBytes:
      return fill_texts(data, count, tensor, arena);
  }
  return {};
}

}  // namespace slipway

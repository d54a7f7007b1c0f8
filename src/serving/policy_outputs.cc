#include "serving/policy_outputs.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/bytes.h"

namespace slipway {
namespace {

template <typename Element>
bool append(Element element, std::vector<std::byte>& out) {
  const auto bytes = std::as_bytes(std::span(&element, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
  return true;
}

template <typename Integer>
bool append_integer(double value, std::vector<std::byte>& out) {
  // The limit itself may be no double: 2^63 is the first that an INT64 does not hold.
  const double end = std::ldexp(1.0, std::numeric_limits<Integer>::digits);
  const double least = std::numeric_limits<Integer>::is_signed ? -end : 0.0;
  return value == std::floor(value) && value >= least && value < end && append(static_cast<Integer>(value), out);
}

bool append_half(double value, std::vector<std::byte>& out) {
  const std::uint16_t half = float_to_half(static_cast<float>(value));
  return std::isfinite(half_to_float(half)) && append(half, out);
}

bool append_bfloat16(double value, std::vector<std::byte>& out) {
  std::uint32_t bits = 0;
  const auto single = static_cast<float>(value);
  std::memcpy(&bits, &single, sizeof bits);
  const auto rounded = static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);  // ties to even
  return std::isfinite(bfloat16_to_float(rounded)) && append(rounded, out);
}

// False where the type does not hold the number.
bool append_number(double value, DataType type, std::vector<std::byte>& out) {
  switch (type) {
    case DataType::kBool:
      return (value == 0 || value == 1) && append(static_cast<std::uint8_t>(value), out);
    case DataType::kUint8:
      return append_integer<std::uint8_t>(value, out);
    case DataType::kUint16:
      return append_integer<std::uint16_t>(value, out);
    case DataType::kUint32:
      return append_integer<std::uint32_t>(value, out);
    case DataType::kUint64:
      return append_integer<std::uint64_t>(value, out);
    case DataType::kInt8:
      return append_integer<std::int8_t>(value, out);
    case DataType::kInt16:
      return append_integer<std::int16_t>(value, out);
    case DataType::kInt32:
      return append_integer<std::int32_t>(value, out);
    case DataType::kInt64:
      return append_integer<std::int64_t>(value, out);
    case DataType::kFp16:
      return append_half(value, out);
    case DataType::kBf16:
      return append_bfloat16(value, out);
    case DataType::kFp32:
      return std::abs(value) <= std::numeric_limits<float>::max() && append(static_cast<float>(value), out);
    case DataType::kFp64:
      return append(value, out);
    case DataType::kBytes:
      return false;
  }
  return false;
}

// Dimension 0 counts the rows of the request.
bool has_rows(const ModelTensor& tensor) noexcept {
  return tensor.is_batched || (!tensor.spec.shape.empty() && tensor.spec.shape.front() < 0);
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

std::string names_of(const ModelSignature& signature) {
  std::string names;
  for (const ModelTensor& output : signature.outputs) names += (names.empty() ? "" : ", ") + output.spec.name;
  return names;
}

tl::unexpected<Error> bad_output(const std::string& place, std::string message) {
  return fail(Code::kInvalidArgument, "policy.bad_output", place + ": " + std::move(message));
}

// The shape of one row that holds `count` values: its one variable dimension is what is left. One value fits any shape
// without a variable dimension, and fills it.
Result<std::vector<std::int64_t>> shape_for(const ModelTensor& output, std::size_t count, const std::string& place) {
  const std::span<const std::int64_t> declared(output.spec.shape);
  std::vector<std::int64_t> shape(declared.begin() + (has_rows(output) ? 1 : 0), declared.end());
  std::size_t fixed = 1;
  std::size_t variable = 0;
  for (const std::int64_t dimension : shape) {
    if (dimension < 0) {
      ++variable;
    } else {
      fixed *= static_cast<std::size_t>(dimension);
    }
  }
  const bool fits = variable == 0 ? count == fixed || count == 1 : variable == 1 && fixed > 0 && count % fixed == 0;
  if (!output.has_rank || !fits) {
    return bad_output(place, std::to_string(count) + " values do not fill a row of the shape " +
                                 (output.has_rank ? shape_text(shape) : std::string("that the model does not tell")));
  }
  for (std::int64_t& dimension : shape) {
    if (dimension < 0) dimension = static_cast<std::int64_t>(count / fixed);
  }
  return shape;
}

}  // namespace

std::size_t rows_of(const ModelSignature& signature, std::span<const TensorView> inputs) noexcept {
  if (signature.inputs.empty() || !has_rows(signature.inputs.front())) return 1;
  const std::string_view name = signature.inputs.front().spec.name;
  const auto first = std::find_if(inputs.begin(), inputs.end(), [&](const auto& input) { return input.name == name; });
  return first == inputs.end() || first->shape.empty() ? 1 : static_cast<std::size_t>(first->shape.front());
}

Result<PolicyOutputs::Value> PolicyOutputs::make(const OutputValue& value, const ModelTensor& output,
                                                 const std::string& place) {
  const DataType type = output.spec.type;
  const bool is_text = type == DataType::kBytes;
  if (value.texts.empty() == is_text) {
    return bad_output(place, std::string("is ") + (is_text ? "a number" : "text " + quoted(value.texts.front())) +
                                 "; the output is " + std::string(to_string(type)));
  }
  Value made;
  const std::size_t given = is_text ? value.texts.size() : value.numbers.size();
  SLIPWAY_TRY(made.shape, shape_for(output, given, place));
  SLIPWAY_TRY(const std::size_t count, element_count(made.shape));
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t from = given == 1 ? 0 : i;
    if (is_text) {
      made.texts.push_back(value.texts[from]);
    } else if (!append_number(value.numbers[from], type, made.bytes)) {
      return bad_output(place, "the output is " + std::string(to_string(type)) + ", which does not hold " +
                                   std::to_string(value.numbers[from]));
    }
  }
  return made;
}

Status PolicyOutputs::add(std::span<const OutputValue> values, const ModelSignature& signature,
                          std::string_view place) {
  for (const OutputValue& value : values) {
    if (!signature.find_output(value.output)) {
      return fail(Code::kInvalidArgument, "policy.unknown_output",
                  std::string(place) + ": output " + quoted(value.output) + " does not exist; the model has " +
                      names_of(signature));
    }
  }
  Set set;
  for (const ModelTensor& output : signature.outputs) {
    const auto value =
        std::find_if(values.begin(), values.end(), [&](const auto& given) { return given.output == output.spec.name; });
    if (value == values.end()) {
      return fail(Code::kInvalidArgument, "policy.missing_output",
                  std::string(place) + ": no value for output " + quoted(output.spec.name) + "; the model has " +
                      names_of(signature));
    }
    SLIPWAY_TRY(Value made, make(*value, output, std::string(place) + "." + value->output));
    if (!sets_.empty() && sets_.front()[set.size()].shape != made.shape) {
      return bad_output(std::string(place) + "." + value->output,
                        "has another number of values than the rule before it");
    }
    set.push_back(std::move(made));
  }
  sets_.push_back(std::move(set));
  return {};
}

void PolicyOutputs::write(std::span<const std::uint32_t> choices, std::span<const std::uint32_t> wanted,
                          const ModelSignature& signature, PolicyAnswer& answer) const {
  answer.clear();
  const std::size_t outputs = wanted.empty() ? signature.outputs.size() : wanted.size();
  for (std::size_t i = 0; i < outputs; ++i) {
    const std::size_t index = wanted.empty() ? i : wanted[i];
    const ModelTensor& output = signature.outputs[index];
    const std::vector<std::int64_t>& row_shape = sets_.front()[index].shape;
    const std::size_t leading = has_rows(output) ? 1 : 0;
    const std::size_t rows = leading == 1 ? choices.size() : 1;
    const auto shape = answer.arena.allocate_of<std::int64_t>(leading + row_shape.size());
    if (leading == 1) shape[0] = static_cast<std::int64_t>(rows);
    std::copy(row_shape.begin(), row_shape.end(), shape.begin() + static_cast<std::ptrdiff_t>(leading));
    TensorView view{output.spec.name, output.spec.type, shape, {}, {}};
    if (output.spec.type == DataType::kBytes) {
      const std::size_t width = sets_.front()[index].texts.size();
      const auto strings = answer.arena.allocate_of<std::string_view>(rows * width);
      for (std::size_t row = 0; row < rows; ++row) {
        const auto& texts = sets_[choices[row]][index].texts;
        std::copy(texts.begin(), texts.end(), strings.begin() + static_cast<std::ptrdiff_t>(row * width));
      }
      view.strings = strings;
    } else {
      const std::size_t width = sets_.front()[index].bytes.size();
      const auto data = answer.arena.allocate(rows * width);
      for (std::size_t row = 0; row < rows; ++row) {
        const auto& bytes = sets_[choices[row]][index].bytes;
        std::copy(bytes.begin(), bytes.end(), data.begin() + static_cast<std::ptrdiff_t>(row * width));
      }
      view.data = data;
    }
    answer.tensors.push_back(view);
  }
}

}  // namespace slipway

#include "runtime/probe_input.h"

#include <bit>
#include <cstring>

namespace slipway {
namespace {

constexpr std::size_t kElementsMax = std::size_t{1} << 26;

template <typename T>
void append(std::vector<std::byte>& data, T value, std::size_t count) {
  const std::size_t start = data.size();
  data.resize(start + count * sizeof(T));
  for (std::size_t i = 0; i < count; ++i) std::memcpy(data.data() + start + i * sizeof(T), &value, sizeof(T));
}

void append_value(ProbeInput& input, bool is_one, std::size_t count) {
  switch (input.type) {
    case DataType::kBytes:
      input.strings.insert(input.strings.end(), count, is_one ? "1" : "0");
      return;
    case DataType::kFp16:
      return append(input.data, static_cast<std::uint16_t>(is_one ? 0x3C00 : 0), count);
    case DataType::kBf16:
      return append(input.data, static_cast<std::uint16_t>(is_one ? 0x3F80 : 0), count);
    case DataType::kFp32:
      return append(input.data, is_one ? 1.0F : 0.0F, count);
    case DataType::kFp64:
      return append(input.data, is_one ? 1.0 : 0.0, count);
    default:
      break;
  }
  switch (element_size(input.type)) {
    case 1:
      return append(input.data, static_cast<std::uint8_t>(is_one), count);
    case 2:
      return append(input.data, static_cast<std::uint16_t>(is_one), count);
    case 4:
      return append(input.data, static_cast<std::uint32_t>(is_one), count);
    default:
      return append(input.data, static_cast<std::uint64_t>(is_one), count);
  }
}

ProbeInput make_input(const ModelTensor& declared, const ProbeRows& rows) {
  ProbeInput input{declared.spec.name, declared.spec.type, declared.spec.shape, {}, {}};
  if (!declared.has_rank) input.shape = {-1};
  const bool has_rows = !input.shape.empty() && input.shape.front() < 0;
  std::size_t per_row = 1;
  for (std::size_t i = 0; i < input.shape.size(); ++i) {
    std::int64_t& dimension = input.shape[i];
    if (dimension < 0) dimension = i == 0 ? static_cast<std::int64_t>(rows.batch.size()) : rows.other_dimension;
    if (i == 0 && has_rows) continue;
    if (__builtin_mul_overflow(per_row, static_cast<std::size_t>(dimension), &per_row)) per_row = kElementsMax + 1;
  }
  if (per_row > kElementsMax) return input;  // a fixed shape beyond reason: the run is refused for want of data
  if (!has_rows) {
    append_value(input, rows.batch.front(), per_row);
    return input;
  }
  for (const bool is_one : rows.batch) append_value(input, is_one, per_row);
  return input;
}

}  // namespace

std::vector<ProbeInput> make_probe_inputs(const ModelSignature& signature, const ProbeRows& rows) {
  std::vector<ProbeInput> inputs;
  inputs.reserve(signature.inputs.size());
  for (const ModelTensor& declared : signature.inputs) inputs.push_back(make_input(declared, rows));
  return inputs;
}

std::vector<TensorView> probe_views(const std::vector<ProbeInput>& inputs) {
  std::vector<TensorView> views;
  views.reserve(inputs.size());
  for (const ProbeInput& input : inputs)
    views.push_back({input.name, input.type, input.shape, input.data, input.strings});
  return views;
}

}  // namespace slipway

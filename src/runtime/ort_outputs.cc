#include "runtime/ort_outputs.h"

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr auto kCode = Code::kInternal;
constexpr std::string_view kReason = "run.failed";
constexpr std::string_view kWhat = "the model's output cannot be read";

Status read_shape(const OrtValue* value, std::vector<std::int64_t>& shape) {
  OrtTensorTypeAndShapeInfo* raw = nullptr;
  SLIPWAY_ORT(ort::api().GetTensorTypeAndShape(value, &raw), kCode, kReason, kWhat);
  const ort::ShapeInfo info(raw);
  std::size_t rank = 0;
  SLIPWAY_ORT(ort::api().GetDimensionsCount(raw, &rank), kCode, kReason, kWhat);
  shape.resize(rank);
  SLIPWAY_ORT(ort::api().GetDimensions(raw, shape.data(), rank), kCode, kReason, kWhat);
  return {};
}

// Appends the strings of `value` to slot.text and their ends to slot.offsets; views are made once all text is there.
Status append_strings(const OrtValue* value, std::size_t count, OutputSlot& slot) {
  std::size_t bytes = 0;
  SLIPWAY_ORT(ort::api().GetStringTensorDataLength(value, &bytes), kCode, kReason, kWhat);
  const std::size_t text_before = slot.text.size();
  const std::size_t offsets_before = slot.offsets.size();
  slot.text.resize(text_before + bytes);
  slot.offsets.resize(offsets_before + count);
  SLIPWAY_ORT(ort::api().GetStringTensorContent(value, slot.text.data() + text_before, bytes,
                                                slot.offsets.data() + offsets_before, count),
              kCode, kReason, kWhat);
  for (std::size_t i = offsets_before; i < slot.offsets.size(); ++i) slot.offsets[i] += text_before;
  return {};
}

void make_string_views(OutputSlot& slot) {
  slot.strings.resize(slot.offsets.size());
  const std::string_view text = slot.text;
  for (std::size_t i = 0; i < slot.offsets.size(); ++i) {
    const std::size_t end = i + 1 < slot.offsets.size() ? slot.offsets[i + 1] : text.size();
    slot.strings[i] = text.substr(slot.offsets[i], end - slot.offsets[i]);
  }
}

TensorView view(const TensorSpec& spec, const OutputSlot& slot) {
  return {spec.name, spec.type, slot.shape, slot.numbers, slot.strings};
}

Result<TensorView> present_tensor(OrtValue* value, const TensorSpec& spec, OutputSlot& slot) {
  SLIPWAY_CHECK(read_shape(value, slot.shape));
  SLIPWAY_TRY(const std::size_t count, element_count(slot.shape));
  if (spec.type == DataType::kBytes) {
    SLIPWAY_CHECK(append_strings(value, count, slot));
    make_string_views(slot);
    return view(spec, slot);
  }
  void* data = nullptr;
  SLIPWAY_ORT(ort::api().GetTensorMutableData(value, &data), kCode, kReason, kWhat);
  const auto* bytes = static_cast<const std::byte*>(data);
  return TensorView{spec.name, spec.type, slot.shape, {bytes, count * element_size(spec.type)}, {}};
}

// Keys (part 0) or values (part 1) of a map.
Result<ort::Value> map_part(OrtValue* map, int part, OrtAllocator* allocator) {
  OrtValue* raw = nullptr;
  SLIPWAY_ORT(ort::api().GetValue(map, part, allocator, &raw), kCode, kReason, kWhat);
  return ort::Value(raw);
}

// Appends one tensor of a map to the slot; its element count.
Result<std::size_t> append_part(const OrtValue* part, DataType type, OutputSlot& slot) {
  SLIPWAY_CHECK(read_shape(part, slot.shape));
  SLIPWAY_TRY(const std::size_t count, element_count(slot.shape));
  if (type == DataType::kBytes) {
    SLIPWAY_CHECK(append_strings(part, count, slot));
    return count;
  }
  void* data = nullptr;
  SLIPWAY_ORT(ort::api().GetTensorMutableData(const_cast<OrtValue*>(part), &data), kCode, kReason, kWhat);
  const auto* bytes = static_cast<const std::byte*>(data);
  slot.numbers.insert(slot.numbers.end(), bytes, bytes + count * element_size(type));
  return count;
}

Result<TensorView> present_map(OrtValue* map, int part, const TensorSpec& spec, OrtAllocator* allocator,
                               OutputSlot& slot) {
  SLIPWAY_TRY(const ort::Value tensor, map_part(map, part, allocator));
  SLIPWAY_TRY(const std::size_t count, append_part(tensor.get(), spec.type, slot));
  slot.shape.assign({static_cast<std::int64_t>(count)});
  make_string_views(slot);
  return view(spec, slot);
}

Result<std::size_t> row_count(OrtValue* sequence) {
  std::size_t rows = 0;
  SLIPWAY_ORT(ort::api().GetValueCount(sequence, &rows), kCode, kReason, kWhat);
  return rows;
}

Result<ort::Value> row(OrtValue* sequence, std::size_t index, OrtAllocator* allocator) {
  return map_part(sequence, static_cast<int>(index), allocator);
}

// Only ZipMap makes sequences of maps, and its keys are attributes: every row has those of the first.
Result<TensorView> present_row_keys(OrtValue* sequence, const TensorSpec& spec, OrtAllocator* allocator,
                                    OutputSlot& slot) {
  SLIPWAY_TRY(const std::size_t rows, row_count(sequence));
  if (rows == 0) {
    slot.shape.assign({0});
    return view(spec, slot);
  }
  SLIPWAY_TRY(const ort::Value map, row(sequence, 0, allocator));
  return present_map(map.get(), 0, spec, allocator, slot);
}

Result<TensorView> present_row_values(OrtValue* sequence, const TensorSpec& spec, OrtAllocator* allocator,
                                      OutputSlot& slot) {
  SLIPWAY_TRY(const std::size_t rows, row_count(sequence));
  std::size_t columns = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    SLIPWAY_TRY(const ort::Value map, row(sequence, i, allocator));
    SLIPWAY_TRY(const ort::Value part, map_part(map.get(), 1, allocator));
    SLIPWAY_TRY(const std::size_t count, append_part(part.get(), spec.type, slot));
    if (i > 0 && count != columns) {
      return fail(kCode, "run.ragged_maps",
                  "output " + quoted(spec.name) + ": row " + std::to_string(i) +
                      " has other keys than the row before it, so they make no table");
    }
    columns = count;
  }
  make_string_views(slot);
  slot.shape.assign({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
  return view(spec, slot);
}

}  // namespace

Result<TensorView> present_output(OrtValue* value, OutputPart::Kind kind, const TensorSpec& spec,
                                  OrtAllocator* allocator, OutputSlot& slot) {
  slot.numbers.clear();
  slot.text.clear();
  slot.offsets.clear();
  slot.strings.clear();
  switch (kind) {
    case OutputPart::Kind::kTensor:
      return present_tensor(value, spec, slot);
    case OutputPart::Kind::kMapKeys:
      return present_map(value, 0, spec, allocator, slot);
    case OutputPart::Kind::kMapValues:
      return present_map(value, 1, spec, allocator, slot);
    case OutputPart::Kind::kRowKeys:
      return present_row_keys(value, spec, allocator, slot);
    case OutputPart::Kind::kRowValues:
      return present_row_values(value, spec, allocator, slot);
  }
  return fail(kCode, kReason, "unknown kind of output");
}

}  // namespace slipway

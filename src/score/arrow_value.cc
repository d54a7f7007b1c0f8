#include "score/arrow_value.h"

#include <arrow/scalar.h>
#include <arrow/type.h>

namespace slipway::score {
namespace {

using arrow::Type;
using Kind = Value::Kind;

template <typename Array>
Value number_at(const arrow::Array& array, std::int64_t index) {
  const auto number = static_cast<const Array&>(array).Value(index);
  if constexpr (std::is_floating_point_v<decltype(number)>) {
    return Value::of(number);
  } else if constexpr (std::is_signed_v<decltype(number)>) {
    return Value::of(static_cast<std::int64_t>(number));
  } else {
    return Value::of(static_cast<std::uint64_t>(number));
  }
}

template <typename Array>
Value text_at(const arrow::Array& array, std::int64_t index) {
  return Value::text(static_cast<const Array&>(array).GetView(index));
}

std::string spelled(const arrow::Array& array, std::int64_t index) {
  const auto scalar = array.GetScalar(index);
  return scalar.ok() ? (*scalar)->ToString() : std::string();
}

Value list_of(const arrow::Array& items, std::int64_t begin, std::int64_t count, Chunk& chunk) {
  std::vector<Value> values;
  values.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = begin; i < begin + count; ++i) values.push_back(value_at(items, i, chunk));
  return Value::list(chunk.lists.emplace_back(std::move(values)));
}

template <typename Array>
Value list_at(const arrow::Array& array, std::int64_t index, Chunk& chunk) {
  const auto& list = static_cast<const Array&>(array);
  return list_of(*list.values(), list.value_offset(index), list.value_length(index), chunk);
}

}  // namespace

std::optional<Kind> kind_of(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
      return Kind::kBool;
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
      return Kind::kInt;
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64:
      return Kind::kUint;
    case Type::HALF_FLOAT:
    case Type::FLOAT:
      return Kind::kFloat;
    case Type::DOUBLE:
      return Kind::kDouble;
    case Type::DICTIONARY:
      return kind_of(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
      return kind_of(*type.field(0)->type()) ? std::optional(Kind::kText) : std::nullopt;
    case Type::STRUCT:
    case Type::MAP:
    case Type::SPARSE_UNION:
    case Type::DENSE_UNION:
    case Type::RUN_END_ENCODED:
    case Type::EXTENSION:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
      return std::nullopt;
    default:
      return Kind::kText;
  }
}

Value value_at(const arrow::Array& array, std::int64_t index, Chunk& chunk) {
  if (array.IsNull(index)) return {};
  switch (array.type_id()) {
    case Type::NA:
      return {};
    case Type::BOOL:
      return Value::of(static_cast<const arrow::BooleanArray&>(array).Value(index));
    case Type::INT8:
      return number_at<arrow::Int8Array>(array, index);
    case Type::INT16:
      return number_at<arrow::Int16Array>(array, index);
    case Type::INT32:
      return number_at<arrow::Int32Array>(array, index);
    case Type::INT64:
      return number_at<arrow::Int64Array>(array, index);
    case Type::UINT8:
      return number_at<arrow::UInt8Array>(array, index);
    case Type::UINT16:
      return number_at<arrow::UInt16Array>(array, index);
    case Type::UINT32:
      return number_at<arrow::UInt32Array>(array, index);
    case Type::UINT64:
      return number_at<arrow::UInt64Array>(array, index);
    case Type::HALF_FLOAT:
      return Value::of(half_to_float(static_cast<const arrow::HalfFloatArray&>(array).Value(index)));
    case Type::FLOAT:
      return number_at<arrow::FloatArray>(array, index);
    case Type::DOUBLE:
      return number_at<arrow::DoubleArray>(array, index);
    case Type::STRING:
      return text_at<arrow::StringArray>(array, index);
    case Type::LARGE_STRING:
      return text_at<arrow::LargeStringArray>(array, index);
    case Type::BINARY:
      return text_at<arrow::BinaryArray>(array, index);
    case Type::LARGE_BINARY:
      return text_at<arrow::LargeBinaryArray>(array, index);
    case Type::DECIMAL128:
    case Type::DECIMAL256:  // a number of more digits than any other kind holds
      return Value::cell(chunk.texts.emplace_back(spelled(array, index)));
    case Type::DICTIONARY: {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
      chunk.owners.push_back(encoded.dictionary());
      return value_at(*encoded.dictionary(), encoded.GetValueIndex(index), chunk);
    }
    case Type::LIST:
      return list_at<arrow::ListArray>(array, index, chunk);
    case Type::LARGE_LIST:
      return list_at<arrow::LargeListArray>(array, index, chunk);
    case Type::FIXED_SIZE_LIST:
      return list_at<arrow::FixedSizeListArray>(array, index, chunk);
    default:
      return Value::text(chunk.texts.emplace_back(spelled(array, index)));
  }
}

}  // namespace slipway::score

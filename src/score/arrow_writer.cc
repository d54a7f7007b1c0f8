#include "score/arrow_writer.h"

#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/table_builder.h>
#include <arrow/type.h>

namespace slipway::score {
namespace {

using Kind = Value::Kind;

Status checked(const arrow::Status& status) {
  if (status.ok()) return {};
  return fail(Code::kInternal, "score.arrow", "Arrow: " + status.message());
}

std::shared_ptr<arrow::DataType> type_of(Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return arrow::boolean();
    case Kind::kInt:
      return arrow::int64();
    case Kind::kUint:
      return arrow::uint64();
    case Kind::kFloat:
      return arrow::float32();
    case Kind::kDouble:
      return arrow::float64();
    default:
      return arrow::utf8();
  }
}

std::shared_ptr<arrow::DataType> type_of(DataType type) {
  switch (type) {
    case DataType::kBool:
      return arrow::boolean();
    case DataType::kUint8:
      return arrow::uint8();
    case DataType::kUint16:
      return arrow::uint16();
    case DataType::kUint32:
      return arrow::uint32();
    case DataType::kUint64:
      return arrow::uint64();
    case DataType::kInt8:
      return arrow::int8();
    case DataType::kInt16:
      return arrow::int16();
    case DataType::kInt32:
      return arrow::int32();
    case DataType::kInt64:
      return arrow::int64();
    case DataType::kFp16:
    case DataType::kBf16:
    case DataType::kFp32:
      return arrow::float32();
    case DataType::kFp64:
      return arrow::float64();
    case DataType::kBytes:
      break;
  }
  return arrow::utf8();
}

std::shared_ptr<arrow::DataType> type_of(const RowTensor& output) {
  std::shared_ptr<arrow::DataType> type = type_of(output.spec.type);
  if (output.is_single()) return type;
  for (std::size_t level = 0; level < output.row_shape.size(); ++level) type = arrow::list(type);
  return type;
}

template <typename Builder, typename Number>
arrow::Status append_number(arrow::ArrayBuilder& builder, Number number) {
  return static_cast<Builder&>(builder).Append(static_cast<typename Builder::value_type>(number));
}

arrow::Status append_integer(arrow::ArrayBuilder& builder, auto number) {
  switch (builder.type()->id()) {
    case arrow::Type::INT8:
      return append_number<arrow::Int8Builder>(builder, number);
    case arrow::Type::INT16:
      return append_number<arrow::Int16Builder>(builder, number);
    case arrow::Type::INT32:
      return append_number<arrow::Int32Builder>(builder, number);
    case arrow::Type::INT64:
      return append_number<arrow::Int64Builder>(builder, number);
    case arrow::Type::UINT8:
      return append_number<arrow::UInt8Builder>(builder, number);
    case arrow::Type::UINT16:
      return append_number<arrow::UInt16Builder>(builder, number);
    case arrow::Type::UINT32:
      return append_number<arrow::UInt32Builder>(builder, number);
    case arrow::Type::UINT64:
      return append_number<arrow::UInt64Builder>(builder, number);
    default:
      return arrow::Status::TypeError("a whole number for ", builder.type()->ToString());
  }
}

// Precondition: the builder is of the value's type, or of text.
arrow::Status append(arrow::ArrayBuilder& builder, const Value& value) {
  if (value.kind == Kind::kNull) return builder.AppendNull();
  if (builder.type()->id() == arrow::Type::STRING) {
    auto& texts = static_cast<arrow::StringBuilder&>(builder);
    if (value.kind == Kind::kText || value.kind == Kind::kCell) return texts.Append(value.view());
    std::string text;
    append_text(text, value);
    return texts.Append(text);
  }
  switch (value.kind) {
    case Kind::kBool:
      return static_cast<arrow::BooleanBuilder&>(builder).Append(value.flag);
    case Kind::kInt:
      return append_integer(builder, value.signed_number);
    case Kind::kUint:
      return append_integer(builder, value.unsigned_number);
    case Kind::kFloat:
      return static_cast<arrow::FloatBuilder&>(builder).Append(value.single);
    case Kind::kDouble:
      return static_cast<arrow::DoubleBuilder&>(builder).Append(value.number);
    default:
      return arrow::Status::TypeError("a text or list for ", builder.type()->ToString());
  }
}

arrow::Status append_list(arrow::ArrayBuilder& builder, const TensorView& output, std::span<const std::int64_t> shape,
                          std::size_t& at) {
  if (shape.empty()) return append(builder, element_at(output, at++));
  auto& list = static_cast<arrow::ListBuilder&>(builder);
  ARROW_RETURN_NOT_OK(list.Append());
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    ARROW_RETURN_NOT_OK(append_list(*list.value_builder(), output, shape.subspan(1), at));
  }
  return arrow::Status::OK();
}

class ArrowWriter final : public RowWriter {
 public:
  explicit ArrowWriter(const Plan& plan) : plan_(plan) {}

  Status open(const KeptKinds& kinds) {
    arrow::FieldVector fields;
    for (std::size_t i = 0; i < plan_.kept.size(); ++i) {
      fields.push_back(arrow::field(plan_.kept[i].name, type_of(kinds[i])));
    }
    for (const RowTensor& output : plan_.outputs) fields.push_back(arrow::field(output.spec.name, type_of(output)));
    schema_ = arrow::schema(std::move(fields));
    auto builder = arrow::RecordBatchBuilder::Make(schema_, arrow::default_memory_pool());
    SLIPWAY_CHECK(checked(builder.status()));
    builder_ = std::move(*builder);
    return {};
  }

  Result<std::string> header() override {
    const auto message = arrow::ipc::SerializeSchema(*schema_);
    SLIPWAY_CHECK(checked(message.status()));
    return (*message)->ToString();
  }

  Status add(std::span<const Value> values, const Answer& answer, std::size_t row) override {
    int field = 0;
    for (const KeptColumn& kept : plan_.kept) {
      SLIPWAY_CHECK(checked(append(*builder_->GetField(field++), values[kept.column])));
    }
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i) {
      const RowValues cells = row_values(plan_.outputs[i], answer.outputs[i], row);
      std::size_t at = cells.first;
      arrow::ArrayBuilder& builder = *builder_->GetField(field++);
      SLIPWAY_CHECK(checked(plan_.outputs[i].is_single() ? append(builder, element_at(answer.outputs[i], at))
                                                         : append_list(builder, answer.outputs[i], cells.shape, at)));
    }
    ++rows_;
    return {};
  }

  Result<std::string> take() override {
    if (std::exchange(rows_, 0) == 0) return std::string();
    const auto batch = builder_->Flush();
    SLIPWAY_CHECK(checked(batch.status()));
    const auto message = arrow::ipc::SerializeRecordBatch(**batch, arrow::ipc::IpcWriteOptions::Defaults());
    SLIPWAY_CHECK(checked(message.status()));
    return (*message)->ToString();
  }

 private:
  const Plan& plan_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<arrow::RecordBatchBuilder> builder_;
  std::size_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowWriter>> make_arrow_writer(const Plan& plan, const KeptKinds& kinds) {
  auto writer = std::make_unique<ArrowWriter>(plan);
  SLIPWAY_CHECK(writer->open(kinds));
  return writer;
}

}  // namespace slipway::score

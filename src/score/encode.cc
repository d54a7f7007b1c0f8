#include "score/encode.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json_writer.h"

namespace slipway::score {
namespace {

// A number's gap in a CSV file is a field without characters; a text's is none.
bool is_null(DataType type, const Value& value) {
  if (value.kind == Value::Kind::kNull) return true;
  return value.kind == Value::Kind::kCell && value.size == 0 && type != DataType::kBytes;
}

std::string found_text(const Value& value) {
  std::string text;
  switch (value.kind) {
    case Value::Kind::kText:
    case Value::Kind::kCell:
      return slipway::quoted(value.view());
    case Value::Kind::kList:
      return "a list of " + std::to_string(value.size);
    default:
      append_json(text, value);
      return text;
  }
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t dimension : shape) {
    text += (text.size() > 1 ? ", " : "") + (dimension < 0 ? std::string("any") : std::to_string(dimension));
  }
  return text + ']';
}

ErrorDetail wrong_value(const std::string& column, DataType type, const Value& value) {
  if (is_null(type, value)) return {column, -1, "nothing", std::string(accepted_text(type))};
  return {column, -1, found_text(value), std::string(accepted_text(type))};
}

// Writes a list of lists as the elements of a tensor, and finds its shape.
class ListEncoder {
 public:
  ListEncoder(const RowTensor& tensor, const std::string& column, std::string& out, std::vector<ErrorDetail>& errors)
      : tensor_(tensor), column_(column), out_(out), errors_(errors), shape_(tensor.row_shape.size(), -1) {}

  bool encode(const Value& value) { return walk(value, 0); }
  const std::vector<std::int64_t>& shape() const noexcept { return shape_; }

 private:
  bool walk(const Value& value, std::size_t level) {
    if (level == shape_.size()) return element(value);
    if (value.kind != Value::Kind::kList) return refuse(found_text(value));
    const auto size = static_cast<std::int64_t>(value.size);
    const std::int64_t declared = tensor_.row_shape[level];
    if ((declared >= 0 && declared != size) || (shape_[level] >= 0 && shape_[level] != size)) {
      return refuse(found_text(value));
    }
    shape_[level] = size;
    return std::all_of(value.items().begin(), value.items().end(),
                       [&](const Value& item) { return walk(item, level + 1); });
  }

  bool element(const Value& value) {
    if (!is_null(tensor_.spec.type, value) && append_element(tensor_.spec.type, value, out_)) return true;
    errors_.push_back(wrong_value(column_, tensor_.spec.type, value));
    return false;
  }

  bool refuse(std::string found) {
    errors_.push_back({column_, -1, std::move(found), "a list of the shape " + shape_text(tensor_.row_shape)});
    return false;
  }

  const RowTensor& tensor_;
  const std::string& column_;
  std::string& out_;
  std::vector<ErrorDetail>& errors_;
  std::vector<std::int64_t> shape_;
};

Error bad_row(std::string message) { return {Code::kInvalidArgument, "score.bad_row", std::move(message), {}}; }

std::string sentence(const std::vector<ErrorDetail>& errors) {
  std::string text;
  for (const ErrorDetail& error : errors) {
    text += (text.empty() ? "" : "; ") + error.field + " is " + error.found + ", accepted: " + error.rule;
  }
  return text;
}

}  // namespace

EncodedRows::EncodedRows(const Plan& plan, const Chunk& chunk, std::vector<RejectedRow>& rejected)
    : plan_(&plan), columns_(plan.inputs.size()) {
  rows_.reserve(chunk.rows.size());
  for (std::size_t row = 0; row < chunk.rows.size(); ++row) {
    Error error;
    if (encode_row(chunk, row, error)) {
      rows_.push_back(row);
    } else {
      rejected.push_back({row, std::move(error)});
    }
  }
}

bool EncodedRows::encode_row(const Chunk& chunk, std::size_t row, Error& error) {
  if (!chunk.rows[row].problem.empty()) {
    error = bad_row(chunk.rows[row].problem);
    return false;
  }
  for (std::size_t input = 0; input < columns_.size(); ++input) encode_input(chunk.values(row), input, error);
  if (error.details.empty()) {
    for (Column& column : columns_) column.ends.push_back(column.bytes.size());
    return true;
  }
  for (Column& column : columns_) {
    column.bytes.resize(column.ends.empty() ? 0 : column.ends.back());
    column.shapes.resize(std::min(column.shapes.size(), column.ends.size()));
  }
  error.code = Code::kInvalidArgument;
  error.reason = "score.bad_value";
  error.message = sentence(error.details);
  return false;
}

bool EncodedRows::encode_input(std::span<const Value> values, std::size_t input, Error& error) {
  const InputPlan& plan = plan_->inputs[input];
  const DataType type = plan.tensor.spec.type;
  Column& column = columns_[input];
  if (plan.is_list) {
    ListEncoder encoder(plan.tensor, plan_->columns[plan.columns[0]], column.bytes, error.details);
    if (!encoder.encode(values[plan.columns[0]])) return false;
    if (!plan.tensor.value_count()) column.shapes.push_back(encoder.shape());
    return true;
  }
  bool is_good = true;
  for (const std::size_t index : plan.columns) {
    const Value& value = values[index];
    if (!is_null(type, value) && append_element(type, value, column.bytes)) [[likely]]
      continue;
    error.details.push_back(wrong_value(plan_->columns[index], type, value));
    is_good = false;
  }
  return is_good;
}

std::size_t EncodedRows::count_alike(std::span<const std::size_t> indices) const {
  std::size_t count = indices.size();
  for (const Column& column : columns_) {
    if (column.shapes.empty()) continue;
    const auto other =
        std::find_if(indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(count),
                     [&](std::size_t index) { return column.shapes[index] != column.shapes[indices[0]]; });
    count = static_cast<std::size_t>(other - indices.begin());
  }
  return count;
}

InferBody EncodedRows::body(std::span<const std::size_t> indices) const {
  InferBody body{{}, 0, indices.size()};
  JsonWriter json(body.bytes);
  std::string tensors;
  json.begin_object().key("inputs").begin_array();
  for (std::size_t input = 0; input < columns_.size(); ++input) {
    const RowTensor& tensor = plan_->inputs[input].tensor;
    const Column& column = columns_[input];
    json.begin_object().key("name").value(tensor.spec.name).key("datatype").value(to_string(tensor.spec.type));
    json.key("shape").begin_array();
    if (tensor.has_row_axis) json.value(indices.size());
    for (const std::int64_t dimension : column.shapes.empty() ? tensor.row_shape : column.shapes[indices[0]]) {
      json.value(dimension);
    }
    json.end_array();
    const std::size_t begin = tensors.size();
    for (const std::size_t index : indices) {
      const std::size_t from = index == 0 ? 0 : column.ends[index - 1];
      tensors.append(column.bytes, from, column.ends[index] - from);
    }
    json.key("parameters").begin_object().key("binary_data_size").value(tensors.size() - begin).end_object();
    json.end_object();
  }
  json.end_array().key("parameters").begin_object().key("binary_data_output").value(true).end_object().end_object();
  body.json_bytes = body.bytes.size();
  body.bytes += tensors;
  return body;
}

}  // namespace slipway::score

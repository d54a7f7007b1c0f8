#include "score/answer.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <simdjson.h>

#include "base/bytes.h"

namespace slipway::score {
namespace {

namespace dom = simdjson::dom;

tl::unexpected<Error> bad(std::string why) {
  return fail(Code::kInternal, "score.bad_answer", "the server's answer cannot be used: " + std::move(why));
}

template <typename T>
T read(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

class Reader {
 public:
  Reader(Answer& answer, std::size_t json_bytes) : answer_(answer) {
    tensors_ = slipway::as_bytes(std::string_view(*answer.body).substr(json_bytes));
  }

  // Tensors stand behind each other in the order in which the JSON names them.
  Result<TensorView> tensor(const dom::object& object) {
    TensorView view;
    std::string_view datatype;
    if (object["name"].get(view.name) != simdjson::SUCCESS || object["datatype"].get(datatype) != simdjson::SUCCESS) {
      return bad("an output has no name or no datatype");
    }
    const auto type = parse_data_type(datatype);
    if (!type) return bad("output " + slipway::quoted(view.name) + " has the type " + slipway::quoted(datatype));
    view.type = *type;
    std::uint64_t size = 0;
    if (object["parameters"]["binary_data_size"].get(size) != simdjson::SUCCESS || size > tensors_.size()) {
      return bad("output " + slipway::quoted(view.name) + " has no binary data of the size that it says");
    }
    SLIPWAY_TRY(view.shape, shape(object, view.name));
    const auto count = element_count(view.shape);
    if (!count) return bad("output " + slipway::quoted(view.name) + ": " + count.error().message);
    view.data = tensors_.first(size);
    tensors_ = tensors_.subspan(size);
    SLIPWAY_CHECK(read_elements(view, *count));
    return view;
  }

 private:
  Result<std::span<const std::int64_t>> shape(const dom::object& object, std::string_view name) {
    std::vector<std::int64_t>& dimensions = answer_.shapes.emplace_back();
    dom::array array;
    if (object["shape"].get(array) != simdjson::SUCCESS)
      return bad("output " + slipway::quoted(name) + " has no shape");
    for (const dom::element dimension : array) {
      if (dimension.get(dimensions.emplace_back()) != simdjson::SUCCESS) return bad("a dimension is no number");
    }
    return std::span<const std::int64_t>(dimensions);
  }

  Status read_elements(TensorView& view, std::size_t count) {
    if (view.type != DataType::kBytes) {
      if (view.data.size() == count * element_size(view.type)) return {};
      return bad("output " + slipway::quoted(view.name) + " has another number of bytes than its shape");
    }
    std::vector<std::string_view>& strings = answer_.strings.emplace_back();
    for (std::span<const std::byte> left = view.data; !left.empty();) {
      if (left.size() < 4) return bad("output " + slipway::quoted(view.name) + " breaks off");
      const auto size = read<std::uint32_t>(left.data());
      left = left.subspan(4);
      if (size > left.size()) return bad("output " + slipway::quoted(view.name) + " breaks off");
      strings.push_back(as_text(left.first(size)));
      left = left.subspan(size);
    }
    if (strings.size() != count)
      return bad("output " + slipway::quoted(view.name) + " has another number of texts than its shape");
    view.data = {};
    view.strings = strings;
    return {};
  }

  Answer& answer_;
  std::span<const std::byte> tensors_;
};

Status check(const RowTensor& plan, const TensorView& output, std::size_t rows) {
  const auto refuse = [&](const std::string& why) {
    return bad("output " + slipway::quoted(plan.spec.name) + ' ' + why);
  };
  if (output.type != plan.spec.type) return refuse("is " + std::string(to_string(output.type)));
  if (output.shape.size() != plan.spec.shape.size()) return refuse("has another number of dimensions than declared");
  if (plan.has_row_axis && output.shape[0] != static_cast<std::int64_t>(rows)) {
    return refuse("has " + std::to_string(output.shape[0]) + " rows for " + std::to_string(rows));
  }
  const std::span<const std::int64_t> row = output.shape.subspan(plan.has_row_axis ? 1 : 0);
  const bool fits = std::equal(row.begin(), row.end(), plan.row_shape.begin(), plan.row_shape.end(),
                               [](auto have, auto want) { return want < 0 || have == want; });
  return fits ? Status() : refuse("has another shape than declared");
}

}  // namespace

Result<Answer> read_answer(InferReply reply, std::span<const RowTensor> outputs, std::string_view version,
                           std::size_t rows) {
  Answer answer;
  answer.body = std::make_unique<std::string>(std::move(reply.body));
  if (reply.json_bytes == 0 || reply.json_bytes > answer.body->size()) return bad("it has no binary tensors");
  dom::parser parser;
  dom::object object;
  if (parser.parse(answer.body->data(), reply.json_bytes).get(object) != simdjson::SUCCESS) return bad("it is no JSON");
  std::string_view answered_by;
  if (object["model_version"].get(answered_by) != simdjson::SUCCESS || answered_by != version) {
    return fail(Code::kFailedPrecondition, "score.other_version",
                "version " + slipway::quoted(answered_by) + " answered in place of " + slipway::quoted(version));
  }
  dom::array array;
  if (object["outputs"].get(array) != simdjson::SUCCESS) return bad("it has no outputs");
  Reader reader(answer, reply.json_bytes);
  answer.outputs.resize(outputs.size());
  std::vector<bool> is_found(outputs.size());
  for (const dom::element element : array) {
    dom::object tensor;
    if (element.get(tensor) != simdjson::SUCCESS) return bad("an output is no object");
    SLIPWAY_TRY(TensorView view, reader.tensor(tensor));
    const auto plan = std::find_if(outputs.begin(), outputs.end(),
                                   [&](const RowTensor& output) { return output.spec.name == view.name; });
    if (plan == outputs.end()) continue;
    SLIPWAY_CHECK(check(*plan, view, rows));
    view.name = plan->spec.name;  // the parser's copy ends here
    const auto index = static_cast<std::size_t>(plan - outputs.begin());
    answer.outputs[index] = view;
    is_found[index] = true;
  }
  const auto lacking = std::find(is_found.begin(), is_found.end(), false);
  if (lacking != is_found.end()) {
    return bad("output " + slipway::quoted(outputs[static_cast<std::size_t>(lacking - is_found.begin())].spec.name) +
               " is missing");
  }
  return answer;
}

Value element_at(const TensorView& tensor, std::size_t index) {
  if (tensor.type == DataType::kBytes) return Value::text(tensor.strings[index]);
  const std::byte* const at = tensor.data.data() + index * element_size(tensor.type);
  switch (tensor.type) {
    case DataType::kBool:
      return Value::of(read<std::uint8_t>(at) != 0);
    case DataType::kUint8:
      return Value::of(std::uint64_t{read<std::uint8_t>(at)});
    case DataType::kUint16:
      return Value::of(std::uint64_t{read<std::uint16_t>(at)});
    case DataType::kUint32:
      return Value::of(std::uint64_t{read<std::uint32_t>(at)});
    case DataType::kUint64:
      return Value::of(read<std::uint64_t>(at));
    case DataType::kInt8:
      return Value::of(std::int64_t{read<std::int8_t>(at)});
    case DataType::kInt16:
      return Value::of(std::int64_t{read<std::int16_t>(at)});
    case DataType::kInt32:
      return Value::of(std::int64_t{read<std::int32_t>(at)});
    case DataType::kInt64:
      return Value::of(read<std::int64_t>(at));
    case DataType::kFp16:
      return Value::of(half_to_float(read<std::uint16_t>(at)));
    case DataType::kBf16:
      return Value::of(bfloat16_to_float(read<std::uint16_t>(at)));
    case DataType::kFp32:
      return Value::of(read<float>(at));
    case DataType::kFp64:
      return Value::of(read<double>(at));
    case DataType::kBytes:
      break;
  }
  return {};
}

RowValues row_values(const RowTensor& plan, const TensorView& output, std::size_t row) {
  RowValues values{0, 1, output.shape.subspan(plan.has_row_axis ? 1 : 0)};
  for (const std::int64_t dimension : values.shape) values.count *= static_cast<std::size_t>(dimension);
  values.first = plan.has_row_axis ? row * values.count : 0;
  return values;
}

}  // namespace slipway::score

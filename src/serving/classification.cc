#include "serving/classification.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/bytes.h"

namespace slipway {
namespace {

template <typename T>
T element_at(std::span<const std::byte> data, std::size_t index) noexcept {
  T element;
  std::memcpy(&element, data.data() + index * sizeof(T), sizeof(T));
  return element;
}

template <typename T>
std::string_view spell(T value, std::span<char> out) noexcept {
  return {out.data(),
          static_cast<std::size_t>(std::to_chars(out.data(), out.data() + out.size(), value).ptr - out.data())};
}

// Calls use(get), where get(index) is the element as a number that compares and spells as itself.
template <typename Use>
bool with_numbers(const TensorView& tensor, Use use) {
  const auto data = tensor.data;
  const auto as = [&]<typename T>(T) { use([data](std::size_t index) { return element_at<T>(data, index); }); };
  switch (tensor.type) {
    case DataType::kBool:
    case DataType::kUint8:
      return as(std::uint8_t{}), true;
    case DataType::kUint16:
      return as(std::uint16_t{}), true;
    case DataType::kUint32:
      return as(std::uint32_t{}), true;
    case DataType::kUint64:
      return as(std::uint64_t{}), true;
    case DataType::kInt8:
      return as(std::int8_t{}), true;
    case DataType::kInt16:
      return as(std::int16_t{}), true;
    case DataType::kInt32:
      return as(std::int32_t{}), true;
    case DataType::kInt64:
      return as(std::int64_t{}), true;
    case DataType::kFp32:
      return as(float{}), true;
    case DataType::kFp64:
      return as(double{}), true;
    case DataType::kFp16:
      return use([data](std::size_t index) { return half_to_float(element_at<std::uint16_t>(data, index)); }), true;
    case DataType::kBf16:
      return use([data](std::size_t index) { return bfloat16_to_float(element_at<std::uint16_t>(data, index)); }), true;
    case DataType::kBytes:
      return false;
  }
  return false;
}

template <typename T>
bool is_nan(T value) noexcept {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(value);
  return false;
}

std::string_view copy(std::string_view text, Arena& arena) {
  const auto bytes = arena.allocate_of<char>(text.size());
  std::copy(text.begin(), text.end(), bytes.begin());
  return {bytes.data(), bytes.size()};
}

struct Rows {
  std::size_t count = 1;
  std::size_t width = 1;  // elements of one
};

Rows rows_of(const TensorView& tensor, bool is_batched) noexcept {
  const auto elements = [](std::span<const std::int64_t> shape) {
    return std::accumulate(shape.begin(), shape.end(), std::size_t{1},
                           [](std::size_t all, std::int64_t one) { return all * static_cast<std::size_t>(one); });
  };
  if (!is_batched || tensor.shape.empty()) return {.count = 1, .width = elements(tensor.shape)};
  return {.count = static_cast<std::size_t>(tensor.shape.front()), .width = elements(tensor.shape.subspan(1))};
}

TensorView top(const TensorView& scores, bool is_batched, std::size_t k, std::span<const std::string> labels,
               Arena& arena) {
  const Rows rows = rows_of(scores, is_batched);
  k = std::min(k, rows.width);
  const auto texts = arena.allocate_of<std::string_view>(rows.count * k);
  const auto order = arena.allocate_of<std::uint32_t>(rows.width);
  std::string spelled;
  with_numbers(scores, [&](auto score) {
    for (std::size_t row = 0; row < rows.count; ++row) {
      const std::size_t first = row * rows.width;
      std::iota(order.begin(), order.end(), 0U);
      const auto is_before = [&](std::uint32_t a, std::uint32_t b) {
        const auto left = score(first + a);
        const auto right = score(first + b);
        if (is_nan(left) || is_nan(right)) return !is_nan(left) || (is_nan(right) && a < b);
        return left != right ? left > right : a < b;
      };
      std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(), is_before);
      for (std::size_t place = 0; place < k; ++place) {
        char digits[64];
        spelled = spell(score(first + order[place]), digits);
        spelled += ':';
        spelled += spell(order[place], digits);
        if (order[place] < labels.size()) spelled.append(":").append(labels[order[place]]);
        texts[row * k + place] = copy(spelled, arena);
      }
    }
  });
  const auto shape = arena.allocate_of<std::int64_t>(is_batched ? 2 : 1);
  shape.front() = static_cast<std::int64_t>(rows.count);
  shape.back() = static_cast<std::int64_t>(k);
  return {.name = scores.name, .type = DataType::kBytes, .shape = shape, .data = {}, .strings = texts};
}

}  // namespace

Status classify(const InferRequest& request, const ServedVersion& version, InferResponse& response, Arena& arena) {
  const ModelSignature& signature = version.runtime->signature();
  for (const RequestedOutput& wanted : request.outputs) {
    if (wanted.classification == 0) continue;
    for (TensorView& output : response.outputs) {
      if (output.name != wanted.name) continue;
      if (output.type == DataType::kBytes) {
        return fail(Code::kInvalidArgument, "infer.classification",
                    "output " + quoted(output.name) + " holds texts; only numbers can be ranked");
      }
      const auto index = signature.find_output(output.name);
      const bool is_batched = index && signature.outputs[*index].is_batched;
      output = top(output, is_batched, wanted.classification, version.labels, arena);
    }
  }
  return {};
}

}  // namespace slipway

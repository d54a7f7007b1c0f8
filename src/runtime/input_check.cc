#include "runtime/input_check.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::uint32_t kAbsent = std::numeric_limits<std::uint32_t>::max();

tl::unexpected<Error> refuse(std::string_view reason, const ModelTensor& input, const std::string& found,
                             const std::string& accepted) {
  Error error{Code::kInvalidArgument,
              std::string(reason),
              "input " + quoted(input.spec.name) + " has " + found + "; accepted is " + accepted,
              {}};
  error.details.push_back({input.spec.name, -1, found, accepted});
  return fail(std::move(error));
}

std::string input_names(const ModelSignature& signature) {
  std::string names;
  for (const ModelTensor& input : signature.inputs) names += (names.empty() ? "" : ", ") + quoted(input.spec.name);
  return names;
}

Status match_names(const ModelSignature& signature, std::span<const TensorView> inputs,
                   std::vector<std::uint32_t>& order) {
  order.assign(signature.inputs.size(), kAbsent);
  for (std::uint32_t i = 0; i < inputs.size(); ++i) {
    std::size_t at = i;  // most clients keep the model's order
    if (at >= signature.inputs.size() || signature.inputs[at].spec.name != inputs[i].name) {
      const auto found = std::ranges::find(signature.inputs, inputs[i].name,
                                           [](const ModelTensor& t) -> std::string_view { return t.spec.name; });
      if (found == signature.inputs.end()) {
        return fail(Code::kInvalidArgument, "tensor.unknown_input",
                    "the model has no input " + quoted(inputs[i].name) + "; its inputs are " + input_names(signature));
      }
      at = static_cast<std::size_t>(found - signature.inputs.begin());
    }
    if (order[at] != kAbsent) {
      return fail(Code::kInvalidArgument, "tensor.duplicate_input",
                  "input " + quoted(inputs[i].name) + " is given twice");
    }
    order[at] = i;
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    if (order[at] == kAbsent) {
      return fail(Code::kInvalidArgument, "tensor.missing_input",
                  "input " + quoted(signature.inputs[at].spec.name) + " is missing; the model's inputs are " +
                      input_names(signature));
    }
  }
  return {};
}

bool fits(const ModelTensor& declared, std::span<const std::int64_t> shape) {
  if (!declared.has_rank) return true;
  if (declared.spec.shape.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (declared.spec.shape[i] >= 0 && declared.spec.shape[i] != shape[i]) return false;
  }
  return true;
}

Status check_one(const ModelTensor& declared, const TensorView& input) {
  if (input.type != declared.spec.type) {
    return refuse("tensor.type", declared, "type " + std::string(to_string(input.type)),
                  std::string(to_string(declared.spec.type)));
  }
  if (!fits(declared, input.shape)) {
    return refuse("tensor.shape", declared, "shape " + shape_text(input.shape), shape_text(declared.spec.shape));
  }
  SLIPWAY_TRY(const std::size_t count, element_count(input.shape));
  if (input.type == DataType::kBytes) {
    if (input.strings.size() == count) return {};
    return refuse("tensor.size", declared, std::to_string(input.strings.size()) + " elements",
                  std::to_string(count) + " for shape " + shape_text(input.shape));
  }
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, element_size(input.type), &bytes) || bytes != input.data.size()) {
    return refuse("tensor.size", declared, std::to_string(input.data.size()) + " bytes",
                  std::to_string(count) + " elements of " + std::to_string(element_size(input.type)) +
                      " bytes for shape " + shape_text(input.shape));
  }
  if (input.type == DataType::kBool && std::ranges::any_of(input.data, [](std::byte b) { return b > std::byte{1}; })) {
    return refuse("tensor.bool", declared, "a byte that is neither 0 nor 1", "BOOL bytes of 0 or 1");
  }
  return {};
}

}  // namespace

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t dimension : shape) text += (text.size() > 1 ? "," : "") + std::to_string(dimension);
  return text + "]";
}

Status check_inputs(const ModelSignature& signature, std::span<const TensorView> inputs,
                    std::vector<std::uint32_t>& order) {
  SLIPWAY_CHECK(match_names(signature, inputs, order));
  std::int64_t rows = -1;
  for (std::size_t at = 0; at < order.size(); ++at) {
    const ModelTensor& declared = signature.inputs[at];
    const TensorView& input = inputs[order[at]];
    SLIPWAY_CHECK(check_one(declared, input));
    if (!declared.is_batched) continue;
    if (rows < 0) rows = input.shape.front();
    if (rows != input.shape.front()) {
      return refuse("tensor.rows", declared, std::to_string(input.shape.front()) + " rows",
                    std::to_string(rows) + ", as in the inputs before it");
    }
  }
  return {};
}

}  // namespace slipway

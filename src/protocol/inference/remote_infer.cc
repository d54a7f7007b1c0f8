#include "protocol/inference/remote_infer.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "protocol/inference/binary_tensor.h"
#include "protocol/inference/decode.h"
#include "protocol/inference/encode_tensor.h"

namespace slipway {
namespace {

template <typename Visit>
void for_each_wanted(const ModelSignature& signature, std::span<const std::uint32_t> wanted, Visit visit) {
  const std::size_t count = wanted.empty() ? signature.outputs.size() : wanted.size();
  for (std::size_t i = 0; i < count; ++i) visit(signature.outputs[wanted.empty() ? i : wanted[i]]);
}

tl::unexpected<Error> bad_answer(std::string message) {
  return fail(Code::kInternal, "remote.answer", std::move(message));
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// The decoder speaks of the inputs of a request, which are written as the outputs of a response are.
std::string of_an_answer(std::string message) {
  replace_all(message, "the request", "the answer");
  replace_all(message, "inputs", "outputs");
  if (message.starts_with("input ")) message.replace(0, 6, "output ");
  replace_all(message, " an input", " an output");
  replace_all(message, "the input ", "the output ");
  return message;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t dimension : shape) text += (text.empty() ? "" : ",") + std::to_string(dimension);
  return "[" + text + "]";
}

bool fits(const ModelTensor& declared, std::span<const std::int64_t> shape) noexcept {
  if (!declared.has_rank) return true;
  const std::vector<std::int64_t>& wanted = declared.spec.shape;
  return std::equal(wanted.begin(), wanted.end(), shape.begin(), shape.end(),
                    [](std::int64_t want, std::int64_t got) { return want < 0 || want == got; });
}

}  // namespace

Result<RemoteInferRequest> encode_remote_infer(std::span<const TensorView> inputs, const ModelSignature& signature,
                                               std::span<const std::uint32_t> wanted, bool is_binary) {
  RemoteInferRequest request;
  std::string& out = request.body;
  out += "{\"inputs\":[";
  bool is_first = true;
  for (const TensorView& input : inputs) {
    if (!is_first) out += ',';
    is_first = false;
    append_tensor_head(input, out);
    if (is_binary) {
      out += ",\"parameters\":{\"binary_data_size\":" + std::to_string(binary_size(input)) + "}}";
      continue;
    }
    out += ",\"data\":[";
    if (!append_tensor_data(input, out)) {
      return fail(
          Code::kOutOfRange, "infer.not_json",
          "input " + quoted(input.name) +
              " holds values that JSON has no form for (NaN, an infinity, or bytes that are not UTF-8), and the "
              "remote does not list the extension binary_tensor_data");
    }
    out += "]}";
  }
  out += "],\"outputs\":[";
  is_first = true;
  for_each_wanted(signature, wanted, [&](const ModelTensor& output) {
    out += is_first ? "{\"name\":" : ",{\"name\":";
    is_first = false;
    append_json_string(out, output.spec.name);
    out += is_binary ? ",\"parameters\":{\"binary_data\":true}}" : "}";
  });
  out += "]}";
  if (!is_binary) return request;
  request.json_bytes = out.size();
  for (const TensorView& input : inputs) append_binary(input, out);
  return request;
}

Status decode_remote_infer(std::span<const std::byte> body, std::optional<std::string_view> json_length,
                           const ModelSignature& signature, std::span<const std::uint32_t> wanted,
                           InferRequest& scratch, std::vector<TensorView>& outputs) {
  if (Status decoded = decode_infer_response(body, json_length, scratch); !decoded) {
    return bad_answer(of_an_answer(std::move(decoded).error().message));
  }
  outputs.clear();
  Status status;
  for_each_wanted(signature, wanted, [&](const ModelTensor& declared) {
    const TensorSpec& spec = declared.spec;
    const auto found = std::ranges::find_if(scratch.inputs, [&](const TensorView& t) { return t.name == spec.name; });
    if (!status) return;
    if (found == scratch.inputs.end()) {
      std::string names;
      for (const TensorView& tensor : scratch.inputs) names += (names.empty() ? "" : ", ") + quoted(tensor.name);
      status = bad_answer("it has no output " + quoted(spec.name) + ", only " + (names.empty() ? "none" : names));
    } else if (found->type != spec.type) {
      status = bad_answer("output " + quoted(spec.name) + " is " + std::string(to_string(found->type)) + ", not " +
                          std::string(to_string(spec.type)));
    } else if (!fits(declared, found->shape)) {
      status = bad_answer("output " + quoted(spec.name) + " has the shape " + shape_text(found->shape) + ", not " +
                          shape_text(spec.shape));
    } else {
      outputs.push_back(*found);
    }
  });
  if (!status) outputs.clear();
  return status;
}

}  // namespace slipway

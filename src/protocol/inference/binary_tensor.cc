#include "protocol/inference/binary_tensor.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::size_t kLengthBytes = 4;

std::uint32_t read_length(const std::byte* at) noexcept {
  std::uint32_t length = 0;
  std::memcpy(&length, at, kLengthBytes);  // little endian, as every machine this is built for
  return length;
}

tl::unexpected<Error> bad_size(const TensorView& tensor, const std::string& what) {
  return fail(Code::kInvalidArgument, "infer.binary_size", "input " + quoted(tensor.name) + ": " + what);
}

Status read_texts(std::span<const std::byte> bytes, std::size_t count, TensorView& tensor, Arena& arena) {
  if (count > bytes.size() / kLengthBytes) {
    return bad_size(tensor, std::to_string(bytes.size()) + " bytes cannot hold the " + std::to_string(count) +
                                " elements of its shape, each behind a 4-byte length");
  }
  const std::span<std::string_view> out = arena.allocate_of<std::string_view>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const bool has_length = bytes.size() >= kLengthBytes;
    const std::size_t length = has_length ? read_length(bytes.data()) : 0;
    if (!has_length || bytes.size() - kLengthBytes < length) {
      return bad_size(tensor, "element " + std::to_string(i) + " reaches beyond its binary data");
    }
    out[i] = as_text(bytes.subspan(kLengthBytes, length));
    bytes = bytes.subspan(kLengthBytes + length);
  }
  if (!bytes.empty())
    return bad_size(tensor, std::to_string(bytes.size()) + " bytes follow the last element of its shape");
  tensor.strings = out;
  return {};
}

}  // namespace

Status read_binary_tensor(std::span<const std::byte> bytes, std::size_t count, TensorView& tensor, Arena& arena) {
  if (tensor.type == DataType::kBytes) return read_texts(bytes, count, tensor, arena);
  const std::size_t size = element_size(tensor.type);
  if (bytes.size() % size != 0 || bytes.size() / size != count) {
    return bad_size(tensor, "its binary data has " + std::to_string(bytes.size()) + " bytes; " + std::to_string(count) +
                                " elements of " + std::string(to_string(tensor.type)) + " take " +
                                std::to_string(size) + " each");
  }
  if (tensor.type == DataType::kBool) {
    const auto wrong = std::find_if(bytes.begin(), bytes.end(), [](std::byte byte) { return byte > std::byte{1}; });
    if (wrong != bytes.end()) {
      return fail(Code::kInvalidArgument, "infer.bad_element",
                  "input " + quoted(tensor.name) + " element " + std::to_string(wrong - bytes.begin()) +
                      ": BOOL is one byte, 0 or 1");
    }
  }
  tensor.data = bytes;
  return {};
}

std::size_t binary_size(const TensorView& tensor) noexcept {
  if (tensor.type != DataType::kBytes) return tensor.data.size();
  std::size_t size = tensor.strings.size() * kLengthBytes;
  for (const std::string_view text : tensor.strings) size += text.size();
  return size;
}

void append_binary(const TensorView& tensor, std::string& out) {
  if (tensor.type != DataType::kBytes) {
    out.append(as_text(tensor.data));
    return;
  }
  for (const std::string_view text : tensor.strings) {
    const auto length = static_cast<std::uint32_t>(text.size());
    out.append(reinterpret_cast<const char*>(&length), kLengthBytes);
    out.append(text);
  }
}

}  // namespace slipway

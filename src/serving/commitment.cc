#include "serving/commitment.h"

#include <cassert>

#include "base/bytes.h"

namespace slipway {
namespace {

template <typename T>
std::span<const std::byte> bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

Committer::Committer(const Secret& key) {
  assert(key.reveal().size() == 32);
  for (std::size_t i = 0; i < 64; ++i) {  // HMAC (RFC 2104, section 2)
    const auto byte = static_cast<std::uint8_t>(i < 32 ? key.reveal()[i] : 0);
    inner_pad_[i] = static_cast<std::uint8_t>(byte ^ 0x36);
    outer_pad_[i] = static_cast<std::uint8_t>(byte ^ 0x5C);
  }
}

Digest Committer::salt(const Id& request, CommitmentSide side) noexcept {
  inner_.reset();
  inner_.update(std::as_bytes(std::span(inner_pad_)));
  inner_.update(std::as_bytes(std::span(request.bytes())));
  inner_.update(bytes_of(side));
  outer_.reset();
  outer_.update(std::as_bytes(std::span(outer_pad_)));
  const Digest inner = inner_.finish();
  outer_.update(std::as_bytes(std::span(inner.bytes)));
  return outer_.finish();
}

Digest Committer::commit(const Id& request, CommitmentSide side, std::span<const TensorView> tensors) noexcept {
  const Digest salted = salt(request, side);
  body_.reset();
  body_.update(std::as_bytes(std::span(salted.bytes)));
  for (const TensorView& tensor : tensors) {
    const auto rank = static_cast<std::uint32_t>(tensor.shape.size());
    const std::uint8_t zero = 0;
    body_.update(tensor.name);
    body_.update(bytes_of(zero));
    body_.update(bytes_of(tensor.type));
    body_.update(bytes_of(rank));
    body_.update(std::as_bytes(tensor.shape));
    if (tensor.type != DataType::kBytes) {
      const std::uint64_t size = tensor.data.size();
      body_.update(bytes_of(size));
      body_.update(tensor.data);
      continue;
    }
    for (const std::string_view element : tensor.strings) {
      const auto size = static_cast<std::uint32_t>(element.size());
      body_.update(bytes_of(size));
      body_.update(element);
    }
  }
  return body_.finish();
}

}  // namespace slipway

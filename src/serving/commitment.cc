#include "serving/commitment.h"

#include <cassert>
#include <cstring>

#include "base/bytes.h"

namespace slipway {
namespace {

template <typename T>
std::span<const std::byte> bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

Committer::Committer(const Secret& key) : key_(key) { assert(key.reveal().size() == 32); }

Digest Committer::salt(const Id& request) noexcept {
  hasher_.reset();
  hasher_.update(key_.reveal());
  hasher_.update(std::as_bytes(std::span(request.bytes())));
  return hasher_.finish();
}

void Committer::flush() noexcept {
  hasher_.update(std::span(gathered_).first(gathered_bytes_));
  gathered_bytes_ = 0;
}

void Committer::append(std::span<const std::byte> bytes) noexcept {
  if (bytes.empty()) return;
  if (gathered_bytes_ + bytes.size() > gathered_.size()) flush();
  if (bytes.size() > gathered_.size()) return hasher_.update(bytes);
  std::memcpy(gathered_.data() + gathered_bytes_, bytes.data(), bytes.size());
  gathered_bytes_ += bytes.size();
}

Digest Committer::commit(const Digest& salt, CommitmentSide side, std::span<const TensorView> tensors) noexcept {
  hasher_.reset();
  append(std::as_bytes(std::span(salt.bytes)));
  append(bytes_of(side));
  for (const TensorView& tensor : tensors) {
    const auto rank = static_cast<std::uint32_t>(tensor.shape.size());
    append(as_bytes(tensor.name));
    append(bytes_of('\0'));
    append(bytes_of(tensor.type));
    append(bytes_of(rank));
    append(std::as_bytes(tensor.shape));
    if (tensor.type != DataType::kBytes) {
      const std::uint64_t size = tensor.data.size();
      append(bytes_of(size));
      append(tensor.data);
      continue;
    }
    for (const std::string_view element : tensor.strings) {
      const auto size = static_cast<std::uint32_t>(element.size());
      append(bytes_of(size));
      append(as_bytes(element));
    }
  }
  flush();
  return hasher_.finish();
}

}  // namespace slipway

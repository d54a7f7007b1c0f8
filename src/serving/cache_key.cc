#include "serving/cache_key.h"

#include <algorithm>
#include <numeric>

namespace slipway {
namespace {

constexpr std::string_view kFormat = "slipway cache 1";

template <typename T>
std::span<const std::byte> bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

CacheKey CacheKeyMaker::make(const CacheQuestion& question, std::span<const TensorView> inputs) {
  std::span<const std::uint32_t> wanted = question.wanted;
  if (wanted.empty()) {
    all_.resize(question.outputs);
    std::iota(all_.begin(), all_.end(), 0U);
    wanted = all_;
  }
  hasher_.reset();
  hasher_.update(secret_.reveal());
  hasher_.update(kFormat);
  hasher_.update(bytes_of(std::uint64_t{question.endpoint.size()}));
  hasher_.update(question.endpoint);
  hasher_.update(std::as_bytes(std::span(question.version.bytes)));
  hasher_.update(std::as_bytes(wanted));
  const Digest salt = hasher_.finish();
  const auto by_name = [](const TensorView& a, const TensorView& b) { return a.name < b.name; };
  if (!std::ranges::is_sorted(inputs, by_name)) {
    sorted_.assign(inputs.begin(), inputs.end());
    std::ranges::stable_sort(sorted_, by_name);
    inputs = sorted_;
  }
  return {committer_.commit(salt, CommitmentSide::kInput, inputs)};
}

}  // namespace slipway

#include "serving/cached_answer.h"

#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kUnit = 8;  // so that numbers in a block are aligned

struct Head {
  std::uint32_t format = kFormat;
  std::uint32_t tensors = 0;
  std::int64_t made_us = 0;
  std::int64_t run_ns = 0;
};
struct TensorHead {
  std::uint32_t name_bytes = 0;
  std::uint32_t type = 0;
  std::uint32_t rank = 0;
  std::uint32_t strings = 0;
  std::uint64_t data_bytes = 0;
};

constexpr std::size_t padded(std::size_t bytes) noexcept { return (bytes + kUnit - 1) / kUnit * kUnit; }

std::size_t data_bytes(const TensorView& tensor) noexcept {
  std::size_t bytes = tensor.data.size();
  for (const std::string_view text : tensor.strings) bytes += sizeof(std::uint32_t) + text.size();
  return bytes;
}

class Writer {
 public:
  explicit Writer(std::byte* at) noexcept : at_(at) {}
  void put(std::span<const std::byte> bytes) noexcept {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
    used_ += bytes.size();
  }
  template <typename T>
  void put_value(const T& value) noexcept {
    put(std::as_bytes(std::span(&value, 1)));
  }
  void pad() noexcept {
    const std::size_t rest = padded(used_) - used_;
    std::memset(at_, 0, rest);
    at_ += rest;
    used_ += rest;
  }

 private:
  std::byte* at_;
  std::size_t used_ = 0;
};

// Of bytes that somebody else may have written.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) noexcept : rest_(bytes) {}
  std::optional<std::span<const std::byte>> take(std::uint64_t size) noexcept {
    if (size > rest_.size()) return std::nullopt;
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::optional<std::span<const std::byte>> take_padded(std::uint64_t size) noexcept {
    if (size > rest_.size() || padded(size) > rest_.size()) return std::nullopt;
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(padded(size));
    return taken;
  }
  template <typename T>
  bool take_value(T& value) noexcept {
    const auto bytes = take(sizeof value);
    if (bytes) std::memcpy(&value, bytes->data(), sizeof value);
    return bytes.has_value();
  }
  std::size_t size() const noexcept { return rest_.size(); }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace

std::shared_ptr<const CachedAnswer> CachedAnswer::make(std::span<const TensorView> outputs, WallTime made,
                                                       std::chrono::nanoseconds run) {
  std::size_t size = sizeof(Head);
  for (const TensorView& tensor : outputs) {
    size += sizeof(TensorHead) + padded(tensor.name.size()) + tensor.shape.size_bytes() + padded(data_bytes(tensor));
  }
  const std::shared_ptr<CachedAnswer> answer(new CachedAnswer);
  answer->bytes_.resize(size);
  Writer writer(answer->bytes_.data());
  writer.put_value(Head{.tensors = static_cast<std::uint32_t>(outputs.size()),
                        .made_us = made.time_since_epoch().count(),
                        .run_ns = run.count()});
  for (const TensorView& tensor : outputs) {
    writer.put_value(TensorHead{.name_bytes = static_cast<std::uint32_t>(tensor.name.size()),
                                .type = static_cast<std::uint32_t>(tensor.type),
                                .rank = static_cast<std::uint32_t>(tensor.shape.size()),
                                .strings = static_cast<std::uint32_t>(tensor.strings.size()),
                                .data_bytes = data_bytes(tensor)});
    writer.put(as_bytes(tensor.name));
    writer.pad();
    writer.put(std::as_bytes(tensor.shape));
    writer.put(tensor.data);
    for (const std::string_view text : tensor.strings) {
      writer.put_value(static_cast<std::uint32_t>(text.size()));
      writer.put(as_bytes(text));
    }
    writer.pad();
  }
  return answer->read() ? answer : nullptr;
}

std::shared_ptr<const CachedAnswer> CachedAnswer::parse(std::span<const std::byte> bytes) {
  const std::shared_ptr<CachedAnswer> answer(new CachedAnswer);
  answer->bytes_.assign(bytes.begin(), bytes.end());
  return answer->read() ? answer : nullptr;
}

bool CachedAnswer::read() {
  Reader reader(bytes_);
  Head head;
  if (!reader.take_value(head) || head.format != kFormat || head.tensors > bytes_.size() / sizeof(TensorHead)) {
    return false;
  }
  made_ = WallTime(std::chrono::microseconds(head.made_us));
  run_ = std::chrono::nanoseconds(head.run_ns);
  outputs_.reserve(head.tensors);
  std::vector<std::size_t> first_string;
  for (std::uint32_t i = 0; i < head.tensors; ++i) {
    TensorHead tensor;
    if (!reader.take_value(tensor) || tensor.type > static_cast<std::uint32_t>(DataType::kBytes)) return false;
    const auto name = reader.take_padded(tensor.name_bytes);
    const auto shape = reader.take(std::uint64_t{tensor.rank} * sizeof(std::int64_t));
    const auto data = reader.take_padded(tensor.data_bytes);
    if (!name || !shape || !data) return false;
    TensorView& view = outputs_.emplace_back();
    view.name = as_text(*name);
    view.type = static_cast<DataType>(tensor.type);
    view.shape = {reinterpret_cast<const std::int64_t*>(shape->data()), tensor.rank};
    first_string.push_back(strings_.size());
    const auto elements = element_count(view.shape);
    if (view.type != DataType::kBytes) {
      view.data = *data;
      if (!elements || view.data.size() != *elements * element_size(view.type)) return false;
      continue;
    }
    Reader texts(*data);
    if (!elements || *elements != tensor.strings) return false;
    for (std::uint32_t text = 0; text < tensor.strings; ++text) {
      std::uint32_t size = 0;
      if (!texts.take_value(size)) return false;
      const auto bytes = texts.take(size);
      if (!bytes) return false;
      strings_.push_back(as_text(*bytes));
    }
    if (texts.size() != 0) return false;
  }
  if (reader.size() != 0) return false;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {  // behind the last: they no longer move
    const std::size_t end = i + 1 < outputs_.size() ? first_string[i + 1] : strings_.size();
    outputs_[i].strings = std::span(strings_).subspan(first_string[i], end - first_string[i]);
  }
  return true;
}

std::size_t CachedAnswer::memory_bytes() const noexcept {
  return sizeof *this + bytes_.capacity() + outputs_.capacity() * sizeof(TensorView) +
         strings_.capacity() * sizeof(std::string_view);
}

}  // namespace slipway

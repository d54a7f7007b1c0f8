// Bytes that grow without being initialised, with kPadding readable bytes behind them, as simdjson wants its input.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace slipway {

class PaddedBuffer {
 public:
  static constexpr std::size_t kPadding = 64;

  std::byte* data() noexcept { return bytes_.get(); }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  std::span<const std::byte> view() const noexcept { return {bytes_.get(), size_}; }
  std::span<std::byte> space() noexcept { return {bytes_.get() + size_, capacity_ - size_}; }

  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity + kPadding);
    if (size_ > 0) std::memcpy(grown.get(), bytes_.get(), size_);
    std::memset(grown.get() + capacity, 0, kPadding);
    bytes_ = std::move(grown);
    capacity_ = capacity;
  }
  void truncate(std::size_t size) noexcept { size_ = size; }
  void added(std::size_t bytes) noexcept { size_ += bytes; }
  // Keeps the memory when it is at most `kept_max`.
  void clear(std::size_t kept_max) noexcept {
    size_ = 0;
    if (capacity_ <= kept_max) return;
    bytes_.reset();
    capacity_ = 0;
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace slipway

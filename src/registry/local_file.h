// Local files as the registry moves them: opened without following links, closed when they go out of scope.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"

namespace slipway {

class LocalFile {
 public:
  // A regular file to read. not_found "file.not_found", invalid_argument "file.not_regular", unavailable "file.error".
  static Result<LocalFile> open(const std::string& path);
  // A new file, readable by its owner, for one who writes it once. already_exists "file.exists".
  static Result<LocalFile> create(const std::string& path);
  ~LocalFile();
  LocalFile(LocalFile&& other) noexcept;
  LocalFile& operator=(LocalFile&&) = delete;

  std::uint64_t size_bytes() const noexcept { return size_bytes_; }  // when it was opened
  Result<std::size_t> read(std::span<std::byte> out);                // 0 at the end
  Status write(std::span<const std::byte> bytes);

 private:
  LocalFile(int descriptor, std::string path, std::uint64_t size)
      : descriptor_(descriptor), path_(std::move(path)), size_bytes_(size) {}

  int descriptor_;
  std::string path_;
  std::uint64_t size_bytes_;
};

}  // namespace slipway

// Files as the log needs them: every short read, short write and failed sync is an Error that names the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::audit {

// Owns a file descriptor. Reads and writes name their offset, so that threads may share it.
class File {
 public:
  File() = default;
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;

  // `flags` and `mode` as for open(2); O_CLOEXEC is added. A missing file is not_found.
  static Result<File> open(const std::filesystem::path& path, int flags, unsigned mode = 0640);

  Status write_at(std::span<const std::byte> bytes, std::uint64_t offset);
  // All of `out` or an error; reading past the end is data_loss.
  Status read_at(std::span<std::byte> out, std::uint64_t offset) const;
  Result<std::uint64_t> size_bytes() const;
  Status resize(std::uint64_t size_bytes);
  Status sync();
  Status make_read_only();
  // Takes the exclusive lock of the file, held until it is closed; false when another holds it.
  bool try_lock();

  int descriptor() const noexcept { return descriptor_; }
  bool is_open() const noexcept { return descriptor_ >= 0; }
  const std::filesystem::path& path() const noexcept { return path_; }
  void set_path(std::filesystem::path path) { path_ = std::move(path); }  // after a rename

 private:
  int descriptor_ = -1;
  std::filesystem::path path_;
};

// A file mapped for reading. Coherent with writes made to the file meanwhile.
class Mapping {
 public:
  Mapping() = default;
  ~Mapping();
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;

  static Result<Mapping> open(const std::filesystem::path& path);
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

Status sync_directory(const std::filesystem::path& directory);

// Readers see the old text or the new one, also after a power failure.
Status replace_file(const std::filesystem::path& path, std::string_view text, unsigned mode = 0640);
Result<std::string> read_text(const std::filesystem::path& path, std::size_t bytes_max);

// What errno says about `path`: unavailable, "audit.io".
Error io_error(std::string_view what, const std::filesystem::path& path);

}  // namespace slipway::audit

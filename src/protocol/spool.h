// The files of bodies of requests. All calls block: they are made on a thread for files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/digest.h"
#include "base/result.h"

namespace slipway {

// A temporary file that receives a body; removed when destroyed, unless it was moved away by then.
class SpoolFile {
 public:
  SpoolFile() = default;
  ~SpoolFile();
  SpoolFile(SpoolFile&& other) noexcept;
  SpoolFile& operator=(SpoolFile&& other) noexcept;

  // Creates the file (mode 0600) in `directory` on the first call.
  Status append(const std::string& directory, std::span<const std::byte> bytes);
  const std::string& path() const noexcept { return path_; }
  Digest finish() noexcept { return hasher_->finish(); }  // SHA-256 of what was appended; once, at the end

 private:
  void begin_write_back() noexcept;

  int descriptor_ = -1;
  std::string path_;
  std::optional<Sha256> hasher_;  // from the first append on
  std::int64_t size_bytes_ = 0;
  std::int64_t write_back_bytes_ = 0;  // so much is on its way to the disk
};

}  // namespace slipway

// Files of bodies. All calls block: they are made on the thread for files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

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

 private:
  int descriptor_ = -1;
  std::string path_;
};

// A file that is read from its start.
class SourceFile {
 public:
  SourceFile() = default;
  ~SourceFile();
  SourceFile(SourceFile&& other) noexcept;
  SourceFile& operator=(SourceFile&& other) noexcept;

  // Fills `into`, opening `path` on the first call; fails at the end of the file.
  Status read(const std::string& path, std::span<std::byte> into);

 private:
  int descriptor_ = -1;
};

}  // namespace slipway

// A file that grows at its end and is durable when asked. Internal to score/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace slipway::score {

class DurableFile {
 public:
  // Cut to `size` bytes. data_loss "score.write_failed", also where it has fewer; failed_precondition "score.in_use"
  // where another process has it open.
  static Result<DurableFile> open(const std::string& path, std::uint64_t size);
  DurableFile(DurableFile&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}
  DurableFile& operator=(DurableFile&&) = delete;
  ~DurableFile();

  Status append(std::string_view bytes);
  Status sync();
  std::uint64_t size() const noexcept { return size_; }

 private:
  DurableFile(std::string path, int descriptor, std::uint64_t size)
      : path_(std::move(path)), descriptor_(descriptor), size_(size) {}

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

// The rename too is durable when it returns.
Status rename_durably(const std::string& from, const std::string& to);

}  // namespace slipway::score

// Opens a model and its external data from disk, without following a link or leaving the directory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/onnx_inspect.h"
#include "runtime/onnx_model.h"

namespace slipway {

// A file mapped for reading; unmapped at the end. Whoever may write to the file while it is mapped may crash the
// process: map only files of the server's own store, or inside a sandbox.
class MappedFile {
 public:
  // `fd` is a regular file; it may be closed afterwards.
  static Result<MappedFile> map(int fd);
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedFile();
  std::span<const std::byte> bytes() const noexcept { return {static_cast<const std::byte*>(data_), size_}; }

 private:
  MappedFile(void* data, std::size_t size) : data_(data), size_(size) {}
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

struct ModelFiles {
  OnnxSummary summary;
  MappedFile model;
  std::vector<std::pair<std::string, MappedFile>> external;  // in the order of summary.external_files

  OnnxSource source() const;  // borrows
};

// `path`: a model file, or a directory that holds model.onnx or else exactly one file ending in .onnx. External data is
// looked for beside the model. A path that the caller names may be a link; what the model names may not: a link, a file
// with a second name (hard link), or anything but a regular file is refused as invalid_argument "model.external_path".
Result<ModelFiles> open_model_files(const std::string& path, const OnnxLimits& limits = {});

}  // namespace slipway

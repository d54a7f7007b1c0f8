// File descriptors and durable names, over POSIX.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace slipway {

// Owns a file descriptor; -1 owns none.
class FileDescriptor {
 public:
  explicit FileDescriptor(int value = -1) noexcept : value_(value) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  int get() const noexcept { return value_; }
  bool is_open() const noexcept { return value_ >= 0; }

 private:
  int value_;
};

// What `errno` says about `path`: resource_exhausted "object.no_space", else unavailable "object.unavailable".
tl::unexpected<Error> posix_error(int error_number, const std::string& action, const std::string& path);

// Makes the names in a directory durable.
Status sync_directory(const std::string& path);

// Makes `root`/`relative` and its parents below `root`, durable by name. "" is `root` itself, which must exist.
Status make_directories(const std::string& root, const std::string& relative);

}  // namespace slipway

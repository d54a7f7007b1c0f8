// File descriptors and durable names, over POSIX.
#pragma once

#include <mutex>
#include <string>
#include <unordered_set>
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

// To read. invalid_argument "object.not_regular" where `path` is a link, a directory or a device.
Result<FileDescriptor> open_regular_file(const std::string& path);

// Makes the names in a directory durable.
Status sync_directory(const std::string& path);

// Makes `root`/`relative` and its parents below `root`, durable by name. "" is `root` itself, which must exist.
Status make_directories(const std::string& root, const std::string& relative);

// Makes directories below one root, each once: a sync waits for the disk. Nobody may remove them. Thread-safe.
class DurableDirectories {
 public:
  explicit DurableDirectories(std::string root) : root_(std::move(root)) {}
  const std::string& root() const noexcept { return root_; }
  Status make(const std::string& relative);

 private:
  const std::string root_;
  std::mutex mutex_;
  std::unordered_set<std::string> made_;
};

}  // namespace slipway

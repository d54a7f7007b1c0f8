#include "storage/posix_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace slipway {

FileDescriptor::~FileDescriptor() {
  if (is_open()) ::close(value_);
}

tl::unexpected<Error> posix_error(int error_number, const std::string& action, const std::string& path) {
  std::string message =
      "cannot " + action + " '" + path + "': " + std::error_code(error_number, std::generic_category()).message();
  if (error_number == ENOSPC || error_number == EDQUOT) {
    return fail(Code::kResourceExhausted, "object.no_space", std::move(message));
  }
  return fail(Code::kUnavailable, "object.unavailable", std::move(message));
}

Result<FileDescriptor> open_regular_file(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));  // a FIFO must not block
  if (!file.is_open() && errno != ELOOP) return posix_error(errno, "open", path);
  struct stat status {};
  if (file.is_open() && ::fstat(file.get(), &status) != 0) return posix_error(errno, "examine", path);
  if (file.is_open() && S_ISREG(status.st_mode)) return file;
  return fail(Code::kInvalidArgument, "object.not_regular", "'" + path + "' is not a regular file");
}

Status sync_directory(const std::string& path) {
  const FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::fsync(directory.get()) != 0) return posix_error(errno, "sync the directory", path);
  return {};
}

Status make_directories(const std::string& root, const std::string& relative) {
  for (std::size_t at = 0; at < relative.size();) {
    const std::size_t end = std::min(relative.find('/', at), relative.size());
    const std::string path = root + "/" + relative.substr(0, end);
    if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return posix_error(errno, "make the directory", path);
    // Also where it exists: the process that made it may not have come to its sync.
    SLIPWAY_CHECK(sync_directory(at == 0 ? root : root + "/" + relative.substr(0, at - 1)));
    at = end + 1;
  }
  return {};
}

Status DurableDirectories::make(const std::string& relative) {
  {
    const std::lock_guard lock(mutex_);
    if (made_.contains(relative)) return {};
  }
  SLIPWAY_CHECK(make_directories(root_, relative));
  const std::lock_guard lock(mutex_);
  made_.insert(relative);
  return {};
}

}  // namespace slipway

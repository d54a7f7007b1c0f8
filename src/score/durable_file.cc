#include "score/durable_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace slipway::score {
namespace {

tl::unexpected<Error> write_failed(const std::string& path, std::string_view why = std::strerror(errno)) {
  return fail(Code::kDataLoss, "score.write_failed", "cannot write " + path + ": " + std::string(why));
}

}  // namespace

Result<DurableFile> DurableFile::open(const std::string& path, std::uint64_t size) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return write_failed(path);
  DurableFile file(path, descriptor, size);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return fail(Code::kFailedPrecondition, "score.in_use", path + " is being written by another process");
  }
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return write_failed(path);
  if (static_cast<std::uint64_t>(status.st_size) < size) {
    return write_failed(path, "it is shorter than its checkpoint says; remove the checkpoint to begin anew");
  }
  if (::ftruncate(descriptor, static_cast<off_t>(size)) != 0) return write_failed(path);
  if (::lseek(descriptor, static_cast<off_t>(size), SEEK_SET) < 0) return write_failed(path);
  return file;
}

DurableFile::~DurableFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status DurableFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return write_failed(path_);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    size_ += static_cast<std::uint64_t>(count);
  }
  return {};
}

Status DurableFile::sync() { return ::fdatasync(descriptor_) == 0 ? Status() : write_failed(path_); }

Status rename_durably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return write_failed(to);
  const std::size_t slash = to.rfind('/');
  const std::string directory = slash == to.npos ? "." : to.substr(0, slash + 1);
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return write_failed(directory);
  const int synced = ::fsync(descriptor);
  ::close(descriptor);
  return synced == 0 ? Status() : write_failed(directory);
}

}  // namespace slipway::score

#include "registry/local_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/bytes.h"

namespace slipway {
namespace {

tl::unexpected<Error> failed(std::string_view what, const std::string& path, int error) {
  const std::string message =
      std::string(what) + ' ' + slipway::quoted(path, 256) + ": " + std::generic_category().message(error);
  if (error == ENOENT) return fail(Code::kNotFound, "file.not_found", message);
  if (error == EEXIST) return fail(Code::kAlreadyExists, "file.exists", message);
  if (error == ELOOP) return fail(Code::kInvalidArgument, "file.not_regular", message + "; links are not followed");
  return fail(Code::kUnavailable, "file.error", message);
}

}  // namespace

Result<LocalFile> LocalFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);  // a FIFO must not block
  if (descriptor < 0) return failed("cannot open", path, errno);
  LocalFile file(descriptor, path, 0);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return failed("cannot look at", path, errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(Code::kInvalidArgument, "file.not_regular", slipway::quoted(path, 256) + " is not a regular file");
  }
  file.size_bytes_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

Result<LocalFile> LocalFile::create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
  if (descriptor < 0) return failed("cannot create", path, errno);
  return LocalFile(descriptor, path, 0);
}

LocalFile::~LocalFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

LocalFile::LocalFile(LocalFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      size_bytes_(other.size_bytes_) {}

Result<std::size_t> LocalFile::read(std::span<std::byte> out) {
  for (;;) {
    const ssize_t size = ::read(descriptor_, out.data(), out.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) return failed("cannot read", path_, errno);
  }
}

Status LocalFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(descriptor_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("cannot write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return {};
}

}  // namespace slipway

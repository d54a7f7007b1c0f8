#include "protocol/spool.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace slipway {
namespace {

constexpr std::int64_t kWriteBackBytes = 8 << 20;

tl::unexpected<Error> file_error(std::string_view what, const std::string& path) {
  const Code code = errno == ENOSPC || errno == EDQUOT ? Code::kResourceExhausted : Code::kInternal;
  return fail(code, "http.spool", std::string(what) + " " + path + ": " + std::strerror(errno));
}

}  // namespace

SpoolFile::~SpoolFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!path_.empty()) ::unlink(path_.c_str());
}
SpoolFile::SpoolFile(SpoolFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::exchange(other.path_, {})),
      hasher_(std::move(other.hasher_)),
      size_bytes_(std::exchange(other.size_bytes_, 0)),
      write_back_bytes_(std::exchange(other.write_back_bytes_, 0)) {}
SpoolFile& SpoolFile::operator=(SpoolFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  std::swap(hasher_, other.hasher_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(write_back_bytes_, other.write_back_bytes_);
  return *this;
}

Status SpoolFile::append(const std::string& directory, std::span<const std::byte> bytes) {
  if (descriptor_ < 0) {
    path_ = directory + "/body-XXXXXX";
    descriptor_ = ::mkostemp(path_.data(), O_CLOEXEC);
    if (descriptor_ < 0) {
      const std::string wanted = std::exchange(path_, {});
      return file_error("cannot create a temporary file as", wanted);
    }
    hasher_.emplace();
  }
  hasher_->update(bytes);
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("cannot write to", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    size_bytes_ += written;
  }
  begin_write_back();
  return {};
}

// Whoever keeps the file waits until it is on the disk, which may as well begin while the rest arrives.
void SpoolFile::begin_write_back() noexcept {
  const std::int64_t waiting = size_bytes_ - write_back_bytes_;
  if (waiting < kWriteBackBytes) return;
  static_cast<void>(::sync_file_range(descriptor_, write_back_bytes_, waiting, SYNC_FILE_RANGE_WRITE));
  write_back_bytes_ = size_bytes_;
}

}  // namespace slipway

#include "protocol/spool.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace slipway {
namespace {

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
      hasher_(std::move(other.hasher_)) {}
SpoolFile& SpoolFile::operator=(SpoolFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  std::swap(hasher_, other.hasher_);
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
  }
  return {};
}

}  // namespace slipway

#include "audit/file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/bytes.h"

namespace slipway::audit {

Error io_error(std::string_view what, const std::filesystem::path& path) {
  const int number = errno;
  const Code code = number == ENOENT ? Code::kNotFound : Code::kUnavailable;
  return Error{
      code,
      "audit.io",
      "cannot " + std::string(what) + " " + quoted(path.native(), 256) + ": " + std::system_category().message(number),
      {}};
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

File::File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

Result<File> File::open(const std::filesystem::path& path, int flags, unsigned mode) {
  File file;
  file.descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (file.descriptor_ < 0) return fail(io_error("open", path));
  file.path_ = path;
  return file;
}

Status File::write_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(io_error("write to", path_));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Status File::read_at(std::span<std::byte> out, std::uint64_t offset) const {
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(io_error("read", path_));
    if (got == 0) {
      return fail(Code::kDataLoss, "audit.corrupt",
                  quoted(path_.native(), 256) + " ends before byte " + std::to_string(offset + out.size()));
    }
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<std::uint64_t> File::size_bytes() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return fail(io_error("examine", path_));
  return static_cast<std::uint64_t>(status.st_size);
}

Status File::resize(std::uint64_t size_bytes) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size_bytes)) != 0) return fail(io_error("resize", path_));
  return {};
}

Status File::sync() {
  if (::fsync(descriptor_) != 0) return fail(io_error("sync", path_));
  return {};
}

Status File::make_read_only() {
  if (::fchmod(descriptor_, 0440) != 0) return fail(io_error("protect", path_));
  return {};
}

bool File::try_lock() { return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0; }

Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Mapping::Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

Result<Mapping> Mapping::open(const std::filesystem::path& path) {
  SLIPWAY_TRY(const File file, File::open(path, O_RDONLY));
  SLIPWAY_TRY(const std::uint64_t size, file.size_bytes());
  Mapping mapping;
  if (size == 0) return mapping;
  void* const start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (start == MAP_FAILED) return fail(io_error("map", path));
  mapping.bytes_ = {static_cast<const std::byte*>(start), size};
  return mapping;
}

Status sync_directory(const std::filesystem::path& directory) {
  SLIPWAY_TRY(File file, File::open(directory, O_RDONLY | O_DIRECTORY));
  return file.sync();
}

Status replace_file(const std::filesystem::path& path, std::string_view text, unsigned mode) {
  std::filesystem::path draft = path;
  draft += ".draft";
  {
    SLIPWAY_TRY(File file, File::open(draft, O_WRONLY | O_CREAT | O_TRUNC, mode));
    SLIPWAY_CHECK(file.write_at(as_bytes(text), 0));
    SLIPWAY_CHECK(file.sync());
  }
  if (::rename(draft.c_str(), path.c_str()) != 0) return fail(io_error("replace", path));
  return sync_directory(path.parent_path());
}

Result<std::string> read_text(const std::filesystem::path& path, std::size_t bytes_max) {
  SLIPWAY_TRY(const File file, File::open(path, O_RDONLY));
  SLIPWAY_TRY(const std::uint64_t size, file.size_bytes());
  if (size > bytes_max) {
    return fail(Code::kOutOfRange, "audit.file_too_large",
                quoted(path.native(), 256) + " has " + std::to_string(size) + " bytes, at most " +
                    std::to_string(bytes_max) + " are read");
  }
  std::string text(size, '\0');
  SLIPWAY_CHECK(file.read_at(std::as_writable_bytes(std::span(text)), 0));
  return text;
}

}  // namespace slipway::audit

#include "app/secret_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/random.h"

namespace slipway {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return value_; }

 private:
  int value_;
};

tl::unexpected<Error> refuse(const std::filesystem::path& path, const std::string& why) {
  return fail(Code::kFailedPrecondition, "app.secret_file", path.string() + ": " + why);
}

Status check_private(const std::filesystem::path& path, int descriptor) {
  struct stat info {};
  if (fstat(descriptor, &info) != 0) return refuse(path, std::strerror(errno));
  if ((info.st_mode & 077) != 0) return refuse(path, "others can read it; chmod 600");
  return {};
}

Result<Secret> load(const std::filesystem::path& path, int descriptor, std::size_t size_bytes) {
  SLIPWAY_CHECK(check_private(path, descriptor));
  std::string bytes(size_bytes + 1, '\0');
  const ssize_t got = read(descriptor, bytes.data(), bytes.size());
  if (got != static_cast<ssize_t>(size_bytes))
    return refuse(path, "it does not hold " + std::to_string(size_bytes) + " bytes");
  bytes.resize(size_bytes);
  return Secret(std::move(bytes));
}

}  // namespace

Result<Secret> load_or_create_secret(const std::filesystem::path& path, std::size_t size_bytes) {
  if (const Descriptor existing(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)); existing.get() >= 0) {
    return load(path, existing.get(), size_bytes);
  }
  if (errno != ENOENT) return refuse(path, std::strerror(errno));

  std::string bytes(size_bytes, '\0');
  system_random().fill(std::as_writable_bytes(std::span(bytes)));
  const std::string temporary = path.string() + ".new";  // a crash leaves either no secret or a whole one
  const Descriptor created(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  const bool is_written = created.get() >= 0 &&
                          write(created.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
                          fsync(created.get()) == 0 && rename(temporary.c_str(), path.c_str()) == 0;
  if (!is_written) return refuse(path, std::strerror(errno));
  return Secret(std::move(bytes));
}

Result<Secret> load_secret_line(const std::filesystem::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return refuse(path, std::strerror(errno));
  SLIPWAY_CHECK(check_private(path, file.get()));
  std::string line(4096, '\0');
  const ssize_t got = read(file.get(), line.data(), line.size());
  line.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  line.resize(std::min(line.find_first_of("\r\n"), line.size()));
  if (line.empty()) return refuse(path, "its first line is empty");
  return Secret(std::move(line));
}

}  // namespace slipway

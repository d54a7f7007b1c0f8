#include "runtime/model_files.h"

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

namespace slipway {
namespace {

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

tl::unexpected<Error> unreadable(const std::string& path, int error) {
  return fail(error == ENOENT ? Code::kNotFound : Code::kInvalidArgument,
              error == ENOENT ? "model.not_found" : "model.unreadable",
              quoted(path, 512) + " cannot be opened: " + std::strerror(error));
}

// O_NONBLOCK: opening a pipe must not wait for a writer.
constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

Result<std::string> find_model(int directory, const std::string& path) {
  DIR* listing = ::fdopendir(::fcntl(directory, F_DUPFD_CLOEXEC, 0));
  if (listing == nullptr) return unreadable(path, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> owner(listing, ::closedir);
  std::string found;
  std::size_t count = 0;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string_view name = entry->d_name;
    if (name == "model.onnx") return std::string(name);
    if (!name.ends_with(".onnx") || name.front() == '.') continue;
    ++count;
    found = name;
  }
  if (count == 1) return found;
  return fail(Code::kInvalidArgument, "model.not_found",
              "the directory " + quoted(path, 512) + " has " + (count == 0 ? "no file" : "several files") +
                  " ending in .onnx; expected is model.onnx, or exactly one");
}

tl::unexpected<Error> refuse_external(const std::string& name, const std::string& why) {
  return fail(Code::kInvalidArgument, "model.external_path", "external data " + quoted(name) + " " + why);
}

// Part by part, so that no directory on the way is a link either.
Result<File> open_external(int directory, const std::string& name) {
  File current(::fcntl(directory, F_DUPFD_CLOEXEC, 0));
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('/', at), name.size());
    const bool is_last = end == name.size();
    const std::string part = name.substr(at, end - at);
    File next(::openat(current.fd(), part.c_str(), kReadFlags | O_NOFOLLOW | (is_last ? 0 : O_DIRECTORY)));
    if (!next.is_open()) {
      if (errno == ELOOP || errno == ENOTDIR)
        return refuse_external(name, "goes through a link; put a copy of the file beside the model");
      if (errno == ENOENT) {
        return fail(Code::kFailedPrecondition, "model.external_missing",
                    "the model keeps weights in " + quoted(name) + ", which is not beside it");
      }
      return refuse_external(name, std::string("cannot be opened: ") + std::strerror(errno));
    }
    current = std::move(next);
    at = end + 1;
  }
  struct stat status {};
  if (::fstat(current.fd(), &status) != 0 || !S_ISREG(status.st_mode))
    return refuse_external(name, "is not a regular file");
  if (status.st_nlink > 1)
    return refuse_external(name, "has another name (a hard link); put a copy of the file beside the model");
  return current;
}

struct Opened {
  File directory{-1};
  File model{-1};
};

Result<Opened> open_model(const std::string& path) {
  Opened opened;
  File first(::open(path.c_str(), kReadFlags));
  if (!first.is_open()) return unreadable(path, errno);
  struct stat status {};
  if (::fstat(first.fd(), &status) != 0) return unreadable(path, errno);
  if (S_ISDIR(status.st_mode)) {
    SLIPWAY_TRY(const std::string name, find_model(first.fd(), path));
    opened.model = File(::openat(first.fd(), name.c_str(), kReadFlags | O_NOFOLLOW));
    opened.directory = std::move(first);
  } else {
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    opened.directory = File(::open(parent.c_str(), kReadFlags | O_DIRECTORY));
    opened.model = std::move(first);
  }
  if (!opened.model.is_open() || !opened.directory.is_open()) return unreadable(path, errno);
  return opened;
}

}  // namespace

Result<MappedFile> MappedFile::map(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(Code::kInvalidArgument, "model.not_a_file", "the model is not a regular file");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return MappedFile(nullptr, 0);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) {
    return fail(Code::kResourceExhausted, "model.unreadable",
                std::string("a file of the model cannot be mapped: ") + std::strerror(errno));
  }
  return MappedFile(data, size);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

OnnxSource ModelFiles::source() const {
  OnnxSource source;
  source.model = model.bytes();
  for (const auto& [name, file] : external) source.external.push_back({name, file.bytes()});
  return source;
}

Result<ModelFiles> open_model_files(const std::string& path, const OnnxLimits& limits) {
  SLIPWAY_TRY(const Opened opened, open_model(path));
  SLIPWAY_TRY(MappedFile model, MappedFile::map(opened.model.fd()));
  SLIPWAY_TRY(OnnxSummary summary, inspect_onnx(model.bytes(), limits));
  ModelFiles files{std::move(summary), std::move(model), {}};
  for (const OnnxExternalFile& needed : files.summary.external_files) {
    SLIPWAY_TRY(const File file, open_external(opened.directory.fd(), needed.name));
    SLIPWAY_TRY(MappedFile mapped, MappedFile::map(file.fd()));
    files.external.emplace_back(needed.name, std::move(mapped));
  }
  SLIPWAY_CHECK(check_external_files(files.summary, files.source()));
  return files;
}

}  // namespace slipway

#include "storage/local_objects.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "storage/object_key.h"
#include "storage/posix_file.h"

namespace slipway {
namespace {

WallTime modified_at(const struct stat& status) {
  return WallTime{std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec))};
}

bool is_absent(int error_number) { return error_number == ENOENT || error_number == ENOTDIR; }

tl::unexpected<Error> not_found(std::string_view key) {
  return fail(Code::kNotFound, "object.not_found", "the object '" + std::string(key) + "' does not exist");
}

std::string parent_of(const std::string& key) {
  const std::size_t slash = key.rfind('/');
  return slash == std::string::npos ? std::string() : key.substr(0, slash);
}

constexpr std::string_view kOtherFileSystem = "object.other_file_system";

// Gives a file that is complete its name as an object. It becomes durable before it can be seen.
Status publish(DurableDirectories& objects, const std::string& key, int file, const std::string& from) {
  if (::fsync(file) != 0) return posix_error(errno, "sync", from);
  const std::string path = objects.root() + "/" + key;
  const std::string parent = parent_of(key);
  SLIPWAY_CHECK(objects.make(parent));
  if (::link(from.c_str(), path.c_str()) != 0) {
    if (errno == EXDEV) return fail(Code::kUnimplemented, kOtherFileSystem, path + " cannot be a name of " + from);
    if (errno != EEXIST) return posix_error(errno, "name the object", path);
    return fail(Code::kAlreadyExists, "object.exists", "the object '" + key + "' exists and is never replaced");
  }
  return sync_directory(parent.empty() ? objects.root() : objects.root() + "/" + parent);
}

class LocalWriter final : public ObjectWriter {
 public:
  LocalWriter(std::shared_ptr<DurableDirectories> objects, std::string key, std::string temporary, FileDescriptor file)
      : objects_(std::move(objects)), key_(std::move(key)), temporary_(std::move(temporary)), file_(std::move(file)) {}
  ~LocalWriter() override { ::unlink(temporary_.c_str()); }

  Status append(std::span<const std::byte> bytes) override {
    if (is_finished_) return finished();
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return posix_error(errno, "write", temporary_);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Status finish() override {
    if (is_finished_) return finished();
    is_finished_ = true;
    return publish(*objects_, key_, file_.get(), temporary_);
  }

 private:
  tl::unexpected<Error> finished() const {
    return fail(Code::kFailedPrecondition, "object.finished", "the writer of '" + key_ + "' is finished");
  }

  std::shared_ptr<DurableDirectories> objects_;
  std::string key_;
  std::string temporary_;
  FileDescriptor file_;  // its lock tells others that the temporary file is in use
  bool is_finished_ = false;
};

class LocalReader final : public ObjectReader {
 public:
  LocalReader(FileDescriptor file, std::string path, std::uint64_t size_bytes)
      : file_(std::move(file)), path_(std::move(path)), size_bytes_(size_bytes) {}

  std::uint64_t size_bytes() const noexcept override { return size_bytes_; }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= size_bytes_) return std::size_t{0};
    const std::uint64_t available = size_bytes_ - offset;
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), available)));
    std::size_t filled = 0;
    while (filled < out.size()) {
      const ssize_t got =
          ::pread(file_.get(), out.data() + filled, out.size() - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return posix_error(errno, "read", path_);
      if (got == 0)
        return fail(Code::kDataLoss, "object.truncated", "'" + path_ + "' became shorter while it was read");
      filled += static_cast<std::size_t>(got);
    }
    return filled;
  }

 private:
  FileDescriptor file_;
  std::string path_;
  std::uint64_t size_bytes_;
};

class LocalObjects final : public ObjectStore {
 public:
  explicit LocalObjects(const std::string& root)
      : objects_(root + "/objects"),
        temporaries_(root + "/tmp"),
        directories_(std::make_shared<DurableDirectories>(objects_)) {}

  // Removes what writers that died left. One that lives holds its lock; see create().
  void clean() const {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(temporaries_, error)) {
      const FileDescriptor file(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (file.is_open() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
    }
  }

  Result<std::unique_ptr<ObjectWriter>> create(std::string_view key) override {
    SLIPWAY_CHECK(check_object_key(key));
    for (;;) {
      std::string temporary = temporaries_ + "/" + Id::make().to_string();
      FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (!file.is_open() && errno == EEXIST) continue;  // a forked process has the same randomness
      if (!file.is_open()) return posix_error(errno, "make", temporary);
      struct stat status {};
      if (::flock(file.get(), LOCK_EX) != 0 || ::fstat(file.get(), &status) != 0) {
        return posix_error(errno, "lock", temporary);
      }
      if (status.st_nlink == 0) continue;  // another process cleaned it away before it was locked
      return std::make_unique<LocalWriter>(directories_, std::string(key), std::move(temporary), std::move(file));
    }
  }

  Status adopt(std::string_view key, const std::string& path) override {
    SLIPWAY_CHECK(check_object_key(key));
    SLIPWAY_TRY(const FileDescriptor file, open_regular_file(path));
    Status named = publish(*directories_, std::string(key), file.get(), path);
    if (!named && named.error().reason == kOtherFileSystem) return ObjectStore::adopt(key, path);
    return named;
  }

  Result<std::unique_ptr<ObjectReader>> open(std::string_view key) override {
    SLIPWAY_CHECK(check_object_key(key));
    std::string path = path_of(key);
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status {};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) {
      if (is_absent(errno)) return not_found(key);
      return posix_error(errno, "open", path);
    }
    if (!S_ISREG(status.st_mode)) return not_found(key);
    return std::make_unique<LocalReader>(std::move(file), std::move(path), static_cast<std::uint64_t>(status.st_size));
  }

  Result<ObjectInfo> stat(std::string_view key) override {
    SLIPWAY_CHECK(check_object_key(key));
    const std::string path = path_of(key);
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
      if (is_absent(errno)) return not_found(key);
      return posix_error(errno, "examine", path);
    }
    if (!S_ISREG(status.st_mode)) return not_found(key);
    return ObjectInfo{std::string(key), static_cast<std::uint64_t>(status.st_size), modified_at(status)};
  }

  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override {
    SLIPWAY_CHECK(check_object_prefix(prefix));
    const std::string parent = parent_of(std::string(prefix));
    const std::filesystem::path start = path_of(parent);
    std::vector<ObjectInfo> found;
    std::error_code error;
    std::filesystem::recursive_directory_iterator entry(start, error);
    for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
      const std::string key = entry->path().string().substr(objects_.size() + 1);
      if (!key.starts_with(prefix)) continue;
      if (auto info = stat(key)) {
        found.push_back(*std::move(info));
      } else if (info.error().code != Code::kNotFound) {  // a directory, or removed since it was seen
        return fail(std::move(info).error());
      }
    }
    if (error && !is_absent(error.value())) return posix_error(error.value(), "list", start.string());
    std::ranges::sort(found, {}, &ObjectInfo::key);
    return found;
  }

  Status remove(std::string_view key) override {
    SLIPWAY_CHECK(check_object_key(key));
    const std::string path = path_of(key);
    if (::unlink(path.c_str()) == 0) return sync_directory(path_of(parent_of(std::string(key))));
    if (is_absent(errno)) return {};
    return posix_error(errno, "remove", path);
  }

 private:
  std::string path_of(std::string_view key) const { return key.empty() ? objects_ : objects_ + "/" + std::string(key); }

  std::string objects_;
  std::string temporaries_;
  std::shared_ptr<DurableDirectories> directories_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_local_objects(const std::string& directory) {
  const std::filesystem::path root = std::filesystem::path(directory).lexically_normal();
  if (::mkdir(root.c_str(), 0777) != 0 && errno != EEXIST) return posix_error(errno, "make the directory", directory);
  SLIPWAY_CHECK(make_directories(root.string(), "objects"));
  SLIPWAY_CHECK(make_directories(root.string(), "tmp"));
  auto store = std::make_unique<LocalObjects>(root.string());
  store->clean();
  return store;
}

}  // namespace slipway

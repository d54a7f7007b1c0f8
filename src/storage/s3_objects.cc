#include "storage/s3_objects.h"

#include <algorithm>
#include <arrow/buffer.h>
#include <arrow/filesystem/s3fs.h>
#include <arrow/io/interfaces.h>
#include <cstdlib>

#include "storage/object_key.h"

namespace slipway {
namespace {

namespace fs = arrow::fs;

tl::unexpected<Error> s3_error(const arrow::Status& status, const std::string& action) {
  return fail(Code::kUnavailable, "object.unavailable", "cannot " + action + ": " + status.message());
}

tl::unexpected<Error> not_found(std::string_view key) {
  return fail(Code::kNotFound, "object.not_found", "the object '" + std::string(key) + "' does not exist");
}

// Once in a process: Arrow's S3 cannot start again after it was ended.
Status start_s3() {
  static const arrow::Status started = [] {
    fs::S3GlobalOptions options = fs::S3GlobalOptions::Defaults();
    options.log_level = fs::S3LogLevel::Off;  // errors come back as values
    return fs::InitializeS3(options);
  }();
  if (!started.ok()) return s3_error(started, "start the S3 client");
  return {};
}

// S3 must end before what it uses: OpenSSL and others, which register their own ends at exit when they are first used.
// The last registered runs first, hence this is called after the first requests.
void end_s3_at_exit() {
  static const int registered = std::atexit([] { static_cast<void>(fs::EnsureS3Finalized()); });
  static_cast<void>(registered);
}

class S3Writer final : public ObjectWriter {
 public:
  S3Writer(std::shared_ptr<fs::FileSystem> files, std::string path, std::string key,
           std::shared_ptr<arrow::io::OutputStream> stream)
      : files_(std::move(files)), path_(std::move(path)), key_(std::move(key)), stream_(std::move(stream)) {}
  ~S3Writer() override { abort(); }

  Status append(std::span<const std::byte> bytes) override {
    if (is_finished_) return finished();
    // Arrow copies what it has not sent yet.
    const arrow::Status status = stream_->Write(bytes.data(), static_cast<std::int64_t>(bytes.size()));
    if (!status.ok()) return s3_error(status, "write the object '" + key_ + "'");
    return {};
  }

  Status finish() override {
    if (is_finished_) return finished();
    is_finished_ = true;
    const auto info = files_->GetFileInfo(path_);
    if (!info.ok()) return s3_error(info.status(), "examine the object '" + key_ + "'");
    if (info->type() == fs::FileType::File) {
      return fail(Code::kAlreadyExists, "object.exists", "the object '" + key_ + "' exists and is never replaced");
    }
    const arrow::Status status = stream_->Close();
    if (!status.ok()) return s3_error(status, "finish the object '" + key_ + "'");
    return {};
  }

 private:
  // Of a stream that was closed it does nothing. Arrow's own destructor would complete the upload.
  void abort() noexcept { static_cast<void>(stream_->Abort()); }

  tl::unexpected<Error> finished() const {
    return fail(Code::kFailedPrecondition, "object.finished", "the writer of '" + key_ + "' is finished");
  }

  std::shared_ptr<fs::FileSystem> files_;
  std::string path_;
  std::string key_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
  bool is_finished_ = false;
};

class S3Reader final : public ObjectReader {
 public:
  S3Reader(std::shared_ptr<arrow::io::RandomAccessFile> file, std::string key, std::uint64_t size_bytes)
      : file_(std::move(file)), key_(std::move(key)), size_bytes_(size_bytes) {}

  std::uint64_t size_bytes() const noexcept override { return size_bytes_; }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= size_bytes_) return std::size_t{0};
    const std::uint64_t wanted = std::min<std::uint64_t>(out.size(), size_bytes_ - offset);
    const auto got = file_->ReadAt(static_cast<std::int64_t>(offset), static_cast<std::int64_t>(wanted), out.data());
    if (!got.ok()) return s3_error(got.status(), "read the object '" + key_ + "'");
    if (static_cast<std::uint64_t>(*got) != wanted) {
      return fail(Code::kDataLoss, "object.truncated", "the object '" + key_ + "' is shorter than S3 said");
    }
    return static_cast<std::size_t>(wanted);
  }

 private:
  std::shared_ptr<arrow::io::RandomAccessFile> file_;  // ReadAt is thread-safe
  std::string key_;
  std::uint64_t size_bytes_;
};

class S3Objects final : public ObjectStore {
 public:
  S3Objects(std::shared_ptr<fs::FileSystem> files, std::string root)
      : files_(std::move(files)), root_(std::move(root)) {}

  Result<std::unique_ptr<ObjectWriter>> create(std::string_view key) override {
    SLIPWAY_CHECK(check_object_key(key));
    auto stream = files_->OpenOutputStream(path_of(key), nullptr);
    if (!stream.ok()) return s3_error(stream.status(), "create the object '" + std::string(key) + "'");
    return std::make_unique<S3Writer>(files_, path_of(key), std::string(key), *std::move(stream));
  }

  Result<std::unique_ptr<ObjectReader>> open(std::string_view key) override {
    SLIPWAY_TRY(const fs::FileInfo info, examine(key));
    auto file = files_->OpenInputFile(info);
    if (!file.ok()) return s3_error(file.status(), "open the object '" + std::string(key) + "'");
    return std::make_unique<S3Reader>(*std::move(file), std::string(key), static_cast<std::uint64_t>(info.size()));
  }

  Result<ObjectInfo> stat(std::string_view key) override {
    SLIPWAY_TRY(const fs::FileInfo info, examine(key));
    return object_info(info);
  }

  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override {
    SLIPWAY_CHECK(check_object_prefix(prefix));
    fs::FileSelector selector;
    const std::size_t slash = prefix.rfind('/');
    selector.base_dir = slash == std::string_view::npos ? root_ : path_of(prefix.substr(0, slash));
    selector.recursive = true;
    selector.allow_not_found = true;
    const auto infos = files_->GetFileInfo(selector);
    if (!infos.ok()) return s3_error(infos.status(), "list the objects below '" + selector.base_dir + "'");
    std::vector<ObjectInfo> found;
    for (const fs::FileInfo& info : *infos) {
      if (info.type() != fs::FileType::File) continue;
      if (ObjectInfo object = object_info(info); object.key.starts_with(prefix)) found.push_back(std::move(object));
    }
    std::ranges::sort(found, {}, &ObjectInfo::key);
    return found;
  }

  Status remove(std::string_view key) override {
    const auto info = examine(key);
    if (!info) return info.error().code == Code::kNotFound ? Status{} : Status(fail(info.error()));
    const arrow::Status status = files_->DeleteFile(path_of(key));
    if (!status.ok()) return s3_error(status, "remove the object '" + std::string(key) + "'");
    return {};
  }

 private:
  std::string path_of(std::string_view key) const { return root_ + "/" + std::string(key); }

  ObjectInfo object_info(const fs::FileInfo& info) const {
    return {info.path().substr(root_.size() + 1), static_cast<std::uint64_t>(info.size()),
            std::chrono::time_point_cast<std::chrono::microseconds>(info.mtime())};
  }

  Result<fs::FileInfo> examine(std::string_view key) const {
    SLIPWAY_CHECK(check_object_key(key));
    auto info = files_->GetFileInfo(path_of(key));
    if (!info.ok()) return s3_error(info.status(), "examine the object '" + std::string(key) + "'");
    if (info->type() != fs::FileType::File) return not_found(key);
    return *std::move(info);
  }

  std::shared_ptr<fs::FileSystem> files_;
  std::string root_;  // "bucket" or "bucket/prefix"
};

// Arrow's message may quote the URI, which may hold a secret.
tl::unexpected<Error> bad_uri(const arrow::Status& status, const std::string& uri) {
  std::string message = "the object store's URI is not of the form s3://BUCKET/PREFIX?region=…&endpoint_override=…";
  if (uri.find('@') == std::string::npos) message += ": " + status.message();
  return fail(Code::kInvalidArgument, "storage.uri", std::move(message));
}

Status check_bucket(fs::FileSystem& files, const std::string& root) {
  const std::string bucket = root.substr(0, root.find('/'));
  const auto info = files.GetFileInfo(bucket);
  if (!info.ok()) return s3_error(info.status(), "reach the bucket '" + bucket + "'");
  if (info->type() == fs::FileType::NotFound) {
    return fail(Code::kNotFound, "object.bucket", "the bucket '" + bucket + "' does not exist; create it first");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_s3_objects(const std::string& uri) {
  SLIPWAY_CHECK(start_s3());
  std::string root;
  auto options = fs::S3Options::FromUri(uri, &root);
  if (!options.ok()) return bad_uri(options.status(), uri);
  options->allow_delayed_open = true;  // an object of one part is one request, and none when it is dropped
  while (root.ends_with('/')) root.pop_back();
  if (root.empty()) return bad_uri(arrow::Status::Invalid("no bucket"), uri);
  auto files = fs::S3FileSystem::Make(*options);
  if (!files.ok()) return s3_error(files.status(), "make the S3 client");
  const Status reached = check_bucket(**files, root);
  end_s3_at_exit();
  SLIPWAY_CHECK(reached);
  return std::make_unique<S3Objects>(*std::move(files), std::move(root));
}

}  // namespace slipway

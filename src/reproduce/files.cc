#include "reproduce/files.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "registry/local_file.h"
#include "registry/manifest.h"

namespace slipway::reproduce {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kBufferBytes = 1u << 20;
constexpr std::size_t kRefusedMax = 20;

// Counts records: line ends outside of quotes, and a last line without one.
class RowCounter {
 public:
  void add(std::string_view text) {
    for (const char c : text) {
      if (c == '"') is_quoted_ = !is_quoted_;
      is_in_row_ = c != '\n' || is_quoted_;
      if (!is_in_row_) ++rows_;
    }
  }
  std::uint64_t rows_below_header() const {
    const std::uint64_t rows = rows_ + (is_in_row_ ? 1 : 0);
    return rows > 0 ? rows - 1 : 0;
  }

 private:
  std::uint64_t rows_ = 0;
  bool is_quoted_ = false;
  bool is_in_row_ = false;
};

tl::unexpected<Error> not_regular(const std::string& path, std::string_view what) {
  return fail(Code::kInvalidArgument, "file.not_regular",
              fmt::format("{} is {}; links and devices are not followed", path, what));
}

// Each folder on the way, from below `root` down; `visit` is given its whole path.
template <typename Visit>
Status for_each_folder(const std::string& root, const std::string& relative, const Visit& visit) {
  for (std::size_t slash = relative.find('/'); slash != relative.npos; slash = relative.find('/', slash + 1))
    SLIPWAY_CHECK(visit(root + '/' + relative.substr(0, slash)));
  return {};
}

Result<bool> is_plain_folder(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return false;
  if (!S_ISDIR(status.st_mode)) return not_regular(path, "no plain folder");
  return true;
}

}  // namespace

Result<DataFile> hash_file(const std::string& disk_path, std::string path) {
  SLIPWAY_TRY(LocalFile file, LocalFile::open(disk_path));
  DataFile facts;
  facts.path = std::move(path);
  std::vector<std::byte> buffer(kBufferBytes);
  Sha256 hasher;
  RowCounter rows;
  const bool is_table = facts.path.ends_with(".csv");
  for (;;) {
    SLIPWAY_TRY(const std::size_t size, file.read(buffer));
    if (size == 0) break;
    const auto bytes = std::span<const std::byte>(buffer).first(size);
    hasher.update(bytes);
    if (is_table) rows.add(as_text(bytes));
    facts.size_bytes += size;
  }
  facts.sha256 = hasher.finish();
  if (is_table) facts.rows = rows.rows_below_header();
  return facts;
}

Result<std::string> read_file(const std::string& disk_path, std::size_t bytes_max) {
  SLIPWAY_TRY(LocalFile file, LocalFile::open(disk_path));
  if (file.size_bytes() > bytes_max) {
    return fail(Code::kResourceExhausted, "file.too_large",
                fmt::format("{} has {} bytes; at most {} are read", disk_path, file.size_bytes(), bytes_max));
  }
  std::string text(file.size_bytes(), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    SLIPWAY_TRY(const std::size_t size, file.read(std::as_writable_bytes(std::span(text).subspan(done))));
    if (size == 0) break;
    done += size;
  }
  text.resize(done);
  return text;
}

Status write_new_file(const std::string& disk_path, std::string_view bytes) {
  SLIPWAY_TRY(LocalFile file, LocalFile::create(disk_path));
  return file.write(as_bytes(bytes));
}

Status copy_file(const std::string& from, const std::string& to, const DataFile& expected) {
  const auto changed = [&]() -> Status {
    std::error_code ignored;
    fs::remove(to, ignored);
    return fail(Code::kDataLoss, "reproduce.changed",
                fmt::format("{} is not the file that was recorded: its SHA-256 is another", from));
  };
  SLIPWAY_TRY(LocalFile source, LocalFile::open(from));
  SLIPWAY_TRY(LocalFile target, LocalFile::create(to));
  std::vector<std::byte> buffer(kBufferBytes);
  Sha256 hasher;
  std::uint64_t done = 0;
  for (;;) {
    SLIPWAY_TRY(const std::size_t size, source.read(buffer));
    if (size == 0) break;
    const auto bytes = std::span<const std::byte>(buffer).first(size);
    done += size;
    if (done > expected.size_bytes) return changed();
    hasher.update(bytes);
    SLIPWAY_CHECK(target.write(bytes));
  }
  if (done != expected.size_bytes || hasher.finish() != expected.sha256) return changed();
  ::chmod(to.c_str(), 0644);
  return {};
}

Status check_beneath(const std::string& root, const std::string& relative) {
  return for_each_folder(root, relative, [](const std::string& folder) -> Status {
    SLIPWAY_TRY(const bool exists, is_plain_folder(folder));
    if (exists) return {};
    return fail(Code::kNotFound, "file.not_found", fmt::format("{} does not exist", folder));
  });
}

Status make_folders_beneath(const std::string& root, const std::string& relative) {
  return for_each_folder(root, relative, [](const std::string& folder) -> Status {
    SLIPWAY_TRY(const bool exists, is_plain_folder(folder));
    if (exists || ::mkdir(folder.c_str(), 0755) == 0) return {};
    return fail(Code::kUnavailable, "file.error", fmt::format("cannot make the folder {}", folder));
  });
}

Listing list_files(const std::string& root, const std::string& relative) {
  Listing listing;
  const auto refuse = [&](const std::string& path, std::string_view why) {
    if (listing.refused.size() < kRefusedMax) listing.refused.push_back(fmt::format("{} {}", path, why));
  };
  const auto add = [&](const std::string& path, fs::file_type type) {
    if (type != fs::file_type::regular) return refuse(path, "is a link or a device");
    if (!check_bundle_path(path)) return refuse(slipway::quoted(path), "is a name that no bundle takes");
    if (listing.files.size() == kDataFilesMax) return refuse(relative, "holds more than 10000 files");
    listing.files.push_back(path);
  };
  std::error_code error;
  if (const Status way = check_beneath(root, relative); !way) {
    if (way.error().code != Code::kNotFound) refuse(relative, "stands below a link");
    return listing;
  }
  const fs::path top = fs::path(root) / relative;
  const fs::file_type type = fs::symlink_status(top, error).type();
  if (type == fs::file_type::not_found || type == fs::file_type::none) return listing;
  if (type != fs::file_type::directory) {
    add(relative, type);
    return listing;
  }
  fs::recursive_directory_iterator it(top, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const fs::file_type kind = it->symlink_status().type();
    if (kind != fs::file_type::directory) add(it->path().lexically_relative(root).generic_string(), kind);
  }
  if (error) refuse(relative, "cannot be read: " + error.message());
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

Result<ScratchDirectory> ScratchDirectory::make() {
  std::error_code error;
  std::string path = (fs::temp_directory_path(error) / "slipway-XXXXXX").string();
  if (error || ::mkdtemp(path.data()) == nullptr)
    return fail(Code::kUnavailable, "file.error", "no temporary directory can be made");
  return ScratchDirectory(std::move(path));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace slipway::reproduce

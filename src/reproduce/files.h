// Files of a run: hashed, and moved between a bundle and a fresh directory without following a link out of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace slipway::reproduce {

// One input or output. `path` is relative to the repository, or absolute for an input outside of it.
struct DataFile {
  std::string path;
  std::uint64_t size_bytes = 0;
  Digest sha256;
  std::optional<std::uint64_t> rows;  // of a .csv, its header line not counted
  bool is_stored = false;             // its bytes are in the bundle
  bool operator==(const DataFile&) const = default;
};

constexpr std::size_t kDataFilesMax = 10'000;

// Reads the whole file. not_found "file.not_found", invalid_argument "file.not_regular", unavailable "file.error".
Result<DataFile> hash_file(const std::string& disk_path, std::string path);

Result<std::string> read_file(const std::string& disk_path, std::size_t bytes_max);
Status write_new_file(const std::string& disk_path, std::string_view bytes);
// The new file has the size and the digest of `expected`, or there is none: data_loss "reproduce.changed".
Status copy_file(const std::string& from, const std::string& to, const DataFile& expected);

struct Listing {
  std::vector<std::string> files;    // sorted, relative to the root
  std::vector<std::string> refused;  // sentences: links, devices, names that no bundle takes, too many
};

// `relative` itself when it is a regular file below `root`; when it is a folder, all regular files in it; nothing when
// it does not exist.
Listing list_files(const std::string& root, const std::string& relative);

// not_found "file.not_found", invalid_argument "file.not_regular" when a folder on the way is a link. Precondition:
// check_bundle_path(relative).
Status check_beneath(const std::string& root, const std::string& relative);
// Makes the folders that `relative` stands in.
Status make_folders_beneath(const std::string& root, const std::string& relative);

// A new directory in the folder for temporary files, readable by its owner alone; removed when it goes out of scope.
class ScratchDirectory {
 public:
  static Result<ScratchDirectory> make();
  ~ScratchDirectory();
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace slipway::reproduce

#include "reproduce/bundle.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "registry/local_file.h"
#include "reproduce/files.h"

namespace slipway::reproduce {

Result<Bundle> Bundle::open(const std::string& directory) {
  std::error_code error;
  const std::string root = std::filesystem::canonical(directory, error).string();
  auto text = error ? fail(Code::kNotFound, "file.not_found", directory + " does not exist")
                    : read_file(root + '/' + std::string(kRunFile), kRunFileBytesMax);
  if (!text) {
    return fail(Code::kNotFound, "reproduce.no_bundle",
                fmt::format("{} is no recorded run: {}", directory, text.error().message));
  }
  SLIPWAY_TRY(RunRecord record, parse_run_record(*text));
  for (const ManifestFile& file : record.files) {
    SLIPWAY_CHECK(check_beneath(root, file.path));
    SLIPWAY_TRY(const DataFile found, hash_file(root + '/' + file.path, file.path));
    if (found.size_bytes != file.size_bytes || found.sha256 != file.sha256) {
      return fail(Code::kDataLoss, "reproduce.changed",
                  fmt::format("{} is not the file that was recorded: its SHA-256 is another", file.path));
    }
  }
  return Bundle(root, std::move(record), sha256(*text));
}

Result<BundleWriter> BundleWriter::make(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::absolute(directory).parent_path(), error);
  if (::mkdir(directory.c_str(), 0700) != 0) {
    if (errno == EEXIST)
      return fail(Code::kAlreadyExists, "reproduce.exists", fmt::format("{} exists; name a new directory", directory));
    return fail(Code::kUnavailable, "file.error", fmt::format("cannot make the directory {}", directory));
  }
  return BundleWriter(std::filesystem::canonical(directory, error).string());
}

bool BundleWriter::has(std::string_view path) const noexcept {
  return std::any_of(files_.begin(), files_.end(), [&](const ManifestFile& file) { return file.path == path; });
}

Status BundleWriter::add_text(const std::string& path, std::string_view text) {
  SLIPWAY_CHECK(make_folders_beneath(directory_, path));
  SLIPWAY_CHECK(write_new_file(directory_ + '/' + path, text));
  files_.push_back({path, text.size(), sha256(text)});
  return {};
}

Status BundleWriter::add_file(const DataFile& file, const std::string& path, const std::string& from) {
  if (has(path)) return {};  // two inputs of the same content
  SLIPWAY_CHECK(make_folders_beneath(directory_, path));
  SLIPWAY_CHECK(copy_file(from, directory_ + '/' + path, file));
  files_.push_back({path, file.size_bytes, file.sha256});
  return {};
}

Result<Bundle> BundleWriter::finish(RunRecord record) {
  std::sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  record.files = files_;
  const std::string text = canonical_json(record);
  SLIPWAY_TRY(RunRecord readable, parse_run_record(text));
  SLIPWAY_CHECK(write_new_file(directory_ + '/' + std::string(kRunFile), text));
  return Bundle(directory_, std::move(readable), sha256(text));
}

}  // namespace slipway::reproduce

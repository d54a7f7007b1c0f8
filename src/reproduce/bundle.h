// A recorded run in a directory: run.json, and the files that it names by size and digest.
#pragma once

#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "reproduce/run_record.h"

namespace slipway::reproduce {

class Bundle {
 public:
  // Reads run.json and hashes every file of it; other files in the directory are of no account. data_loss
  // "reproduce.changed" when a file is another; not_found "reproduce.no_bundle"; and what parse_run_record() refuses.
  static Result<Bundle> open(const std::string& directory);

  const RunRecord& record() const noexcept { return record_; }
  const Digest& digest() const noexcept { return digest_; }  // of run.json
  const std::string& directory() const noexcept { return directory_; }
  std::string path_of(std::string_view file) const { return directory_ + '/' + std::string(file); }

 private:
  friend class BundleWriter;
  Bundle(std::string directory, RunRecord record, Digest digest)
      : directory_(std::move(directory)), record_(std::move(record)), digest_(digest) {}

  std::string directory_;
  RunRecord record_;
  Digest digest_;
};

// Makes a bundle; it is one once finish() has written run.json.
class BundleWriter {
 public:
  // already_exists "reproduce.exists". The directory is readable by its owner alone.
  static Result<BundleWriter> make(const std::string& directory);

  // Precondition: check_bundle_path(path).
  Status add_text(const std::string& path, std::string_view text);
  Status add_file(const DataFile& file, const std::string& path, const std::string& from);
  // Sets record.files.
  Result<Bundle> finish(RunRecord record);

 private:
  explicit BundleWriter(std::string directory) : directory_(std::move(directory)) {}
  bool has(std::string_view path) const noexcept;

  std::string directory_;
  std::vector<ManifestFile> files_;
};

}  // namespace slipway::reproduce

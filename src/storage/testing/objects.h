// Help for tests of and over an ObjectStore.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "storage/objects.h"

namespace slipway {

// A new directory, gone with this. Ends the process where it cannot be made.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

Status put_object(ObjectStore& store, std::string_view key, std::string_view content);

// The content, or the reason of the error.
std::string get_object(ObjectStore& store, std::string_view key);

// The keys that list() gives; "error" where it fails.
std::vector<std::string> object_keys(ObjectStore& store, std::string_view prefix);

}  // namespace slipway

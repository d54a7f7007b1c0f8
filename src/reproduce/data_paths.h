// How inputs, outputs and the bundle are named against the repository.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::reproduce {

struct DataPath {
  std::string path;       // relative to the repository; absolute for what stands outside of it
  std::string disk_path;  // no link
};

// The file, or all files of the folder, that `given` names from `directory`. not_found "file.not_found",
// invalid_argument "reproduce.path".
Result<std::vector<DataPath>> find_inputs(const std::string& given, const std::string& directory,
                                          const std::string& repository);

// An output must stand below the repository, or its fresh copy could not be told from the first.
// invalid_argument "reproduce.path".
Result<std::string> output_path(const std::string& given, const std::string& directory, const std::string& repository);

// .slipway/runs/ID, which git is told to ignore by a file of its own.
Result<std::string> bundle_folder(const std::string& repository, const std::string& id);

}  // namespace slipway::reproduce

#include "reproduce/data_paths.h"

#include <filesystem>
#include <fmt/format.h>

#include "registry/manifest.h"
#include "reproduce/files.h"

namespace slipway::reproduce {
namespace {

namespace fs = std::filesystem;

fs::path absolute_path(const std::string& given, const std::string& directory) {
  fs::path path = (fs::path(directory) / given).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // "data/"
}

// "" when it stands outside. A repository may be reached through a link, so that the path says one thing and the disk
// another.
std::string relative_path(const fs::path& path, const std::string& repository) {
  std::error_code error;
  for (const fs::path& candidate : {path, fs::weakly_canonical(path, error)}) {
    const fs::path relative = candidate.lexically_relative(repository);
    if (!relative.empty() && *relative.begin() != "..") return relative.generic_string();
  }
  return "";
}

tl::unexpected<Error> bad_path(const std::string& given, std::string_view why) {
  return fail(Code::kInvalidArgument, "reproduce.path", fmt::format("{}: {}", given, why));
}

}  // namespace

Result<std::vector<DataPath>> find_inputs(const std::string& given, const std::string& directory,
                                          const std::string& repository) {
  const fs::path path = absolute_path(given, directory);
  std::error_code error;
  const fs::path disk_path = fs::canonical(path, error);  // an input may be a link to where the data is
  if (error) return fail(Code::kNotFound, "file.not_found", fmt::format("the input {} does not exist", given));
  const std::string relative = relative_path(path, repository);
  const std::string name = relative.empty() ? disk_path.string() : relative;
  if (name == ".") return bad_path(given, "the repository itself is no input");
  SLIPWAY_CHECK(check_bundle_path(name.starts_with('/') ? name.substr(1) : name));
  if (!fs::is_directory(disk_path, error)) return std::vector<DataPath>{{name, disk_path.string()}};
  std::vector<DataPath> found;
  const Listing listing = list_files(disk_path.parent_path().string(), disk_path.filename().string());
  if (!listing.refused.empty()) return bad_path(given, listing.refused.front());
  const std::size_t prefix = disk_path.filename().string().size();
  for (const std::string& file : listing.files) {
    const std::string below = file.substr(prefix);  // "/x.csv"
    found.push_back({name + below, disk_path.string() + below});
  }
  if (found.empty()) return bad_path(given, "the folder is empty");
  return found;
}

Result<std::string> output_path(const std::string& given, const std::string& directory, const std::string& repository) {
  std::string relative = relative_path(absolute_path(given, directory), repository);
  if (relative.empty() || relative == ".")
    return bad_path(given, "an output is a file or a folder in the repository, but not the repository itself");
  SLIPWAY_CHECK(check_bundle_path(relative));
  if (relative == ".git" || relative.starts_with(".git/")) return bad_path(given, "git keeps its own files there");
  return relative;
}

Result<std::string> bundle_folder(const std::string& repository, const std::string& id) {
  const std::string ignored = ".slipway/.gitignore";
  SLIPWAY_CHECK(make_folders_beneath(repository, ".slipway/runs/x"));
  if (const Status written = write_new_file(repository + '/' + ignored, "*\n");
      !written && written.error().code != Code::kAlreadyExists)
    return fail(written.error());
  return repository + "/.slipway/runs/" + id;
}

}  // namespace slipway::reproduce

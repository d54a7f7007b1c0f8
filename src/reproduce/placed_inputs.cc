#include "reproduce/placed_inputs.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "reproduce/files.h"
#include "reproduce/variables.h"

namespace slipway::reproduce {
namespace {

namespace fs = std::filesystem;

class InputSearch {
 public:
  InputSearch(const Bundle& bundle, const std::vector<std::string>& folders, const DataFile& input)
      : input_(input), is_outside_(input.path.starts_with('/')) {
    if (input.is_stored) candidates_.push_back(bundle.path_of(stored_path(input)));
    for (const std::string& folder : folders) {
      if (!is_outside_) candidates_.push_back(folder + '/' + input.path);
      candidates_.push_back((fs::path(folder) / fs::path(input.path).filename()).string());
    }
    if (!is_outside_) candidates_.push_back(bundle.record().repository.path + '/' + input.path);
  }

  // The first candidate with the right content.
  Result<std::string> find() {
    for (const std::string& candidate : candidates_) {
      std::error_code error;
      const std::string path = fs::canonical(candidate, error).string();
      if (!error && is_it(path)) return path;
    }
    if (changed_.empty()) {
      return fail(
          Code::kNotFound, "reproduce.input_missing",
          fmt::format("the input {} ({} bytes, SHA-256 {}) is not to be found; name its folder with --input-dir",
                      input_.path, input_.size_bytes, input_.sha256.hex()));
    }
    return fail(Code::kFailedPrecondition, "reproduce.input_changed",
                fmt::format("the input {} had {} bytes and the SHA-256 {} when it was recorded; {}", input_.path,
                            input_.size_bytes, input_.sha256.hex(), changed_));
  }

  bool is_it(const std::string& path) {
    const auto now = hash_file(path, input_.path);
    if (!now) return false;
    if (now->sha256 == input_.sha256) return true;
    changed_ = fmt::format("{} has {} bytes and the SHA-256 {}", path, now->size_bytes, now->sha256.hex());
    return false;
  }

 private:
  const DataFile& input_;
  bool is_outside_;
  std::vector<std::string> candidates_;
  std::string changed_;
};

Status place_inside(InputSearch& search, const DataFile& input, const std::string& source) {
  const std::string place = source + '/' + input.path;
  SLIPWAY_CHECK(make_folders_beneath(source, input.path));
  if (search.is_it(place)) return {};  // the commit has it; links are not followed
  SLIPWAY_TRY(const std::string found, search.find());
  std::error_code error;
  fs::remove(place, error);
  return copy_file(found, place, input);
}

Status place_outside(InputSearch& search, const DataFile& input, std::vector<std::string>& arguments) {
  if (search.is_it(input.path)) return {};
  SLIPWAY_TRY(const std::string found, search.find());
  bool is_named = false;
  for (std::string& argument : arguments) {
    std::string changed = with_path_replaced(argument, input.path, found);
    is_named = is_named || changed != argument;
    argument = std::move(changed);
  }
  if (is_named) return {};
  return fail(
      Code::kNotFound, "reproduce.input_missing",
      fmt::format("the input {} stood outside of the repository and no argument of the command names it; put {} "
                  "there",
                  input.path, found));
}

}  // namespace

Result<PlacedInputs> place_inputs(const Bundle& bundle, const std::string& source,
                                  const std::vector<std::string>& folders, const std::vector<std::string>& arguments) {
  PlacedInputs placed{arguments};
  for (const DataFile& input : bundle.record().inputs) {
    InputSearch search(bundle, folders, input);
    SLIPWAY_CHECK(input.path.starts_with('/') ? place_outside(search, input, placed.arguments)
                                              : place_inside(search, input, source));
  }
  return placed;
}

}  // namespace slipway::reproduce

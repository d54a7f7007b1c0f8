// What is needed of git, over its program. Hooks, external diffs, submodules and prompts are off; the network only over
// https and ssh.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::reproduce {

struct WorkTree {
  std::string root;    // absolute
  std::string commit;  // of HEAD
  std::string remote;  // of "origin", else of the only one; without credentials
};

// The work tree that `directory` stands in. failed_precondition "reproduce.no_repository".
Result<WorkTree> find_work_tree(const std::string& directory);

struct Changes {
  std::string patch;              // a binary-safe diff to HEAD, with the files that git does not know
  std::vector<std::string> gaps;  // files that were left out, and why
};

constexpr std::size_t kPatchBytesMax = 64u << 20;
constexpr std::size_t kUntrackedFileBytesMax = 1u << 20;
constexpr std::size_t kUntrackedFilesMax = 1'000;
constexpr std::size_t kUntrackedBytesMax = 16u << 20;

// Changes nothing in the repository. `left_out`: files and folders, relative to the root, that are no source.
Result<Changes> capture_changes(const WorkTree& tree, const std::set<std::string>& left_out);

// Makes `directory` a work tree of the commit, from the first source that has it: an absolute path or an address.
// failed_precondition "reproduce.commit_gone".
Status check_out(const std::string& directory, const std::string& commit, const std::vector<std::string>& sources);

// `patch_path` is not trusted: git refuses what would leave the work tree; symbolic links and submodules are refused
// here. failed_precondition "reproduce.changes_refused".
Status apply_changes(const std::string& directory, const std::string& patch_path);

}  // namespace slipway::reproduce

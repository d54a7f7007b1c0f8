#include "reproduce/git.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "reproduce/files.h"
#include "reproduce/process.h"
#include "reproduce/redaction.h"

namespace slipway::reproduce {
namespace {

constexpr auto kLocalTimeout = std::chrono::minutes(5);
constexpr auto kFetchTimeout = std::chrono::minutes(30);
constexpr std::size_t kGapsMax = 100;  // after that many files nobody reads on

class Git {
 public:
  explicit Git(std::string directory) {
    settings_.directory = std::move(directory);
    settings_.timeout = kLocalTimeout;
    // Set by git for its hooks: they would name another repository.
    for (const char* name :
         {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX",
          "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_TEMPLATE_DIR"}) {
      settings_.environment.erase(name);
    }
    set("GIT_OPTIONAL_LOCKS", "0");
    set("GIT_TERMINAL_PROMPT", "0");
    set("LC_ALL", "C");
    if (!settings_.environment.contains("GIT_SSH_COMMAND")) set("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
  }

  void set(const std::string& name, const std::string& value) { settings_.environment[name] = value; }
  void allow_protocol(std::string_view name) { protocols_.push_back(fmt::format("protocol.{}.allow=always", name)); }
  void set_timeout(std::chrono::milliseconds timeout) { settings_.timeout = timeout; }

  // What it prints. failed_precondition "reproduce.git" with what it says.
  Result<std::string> operator()(const std::vector<std::string>& arguments, std::size_t bytes_max = 16u << 20) {
    ProcessSettings settings = settings_;
    settings.arguments = {"git", "--literal-pathspecs",       "-c", "core.hooksPath=/dev/null",
                          "-c",  "core.fsmonitor=false",      "-c", "core.quotePath=false",
                          "-c",  "submodule.recurse=false",   "-c", "gc.auto=0",
                          "-c",  "advice.detachedHead=false", "-c", "protocol.allow=never"};
    for (const std::string& protocol : protocols_)
      settings.arguments.insert(settings.arguments.end(), {"-c", protocol});
    settings.arguments.insert(settings.arguments.end(), arguments.begin(), arguments.end());
    SLIPWAY_TRY(CapturedEnd end, run_captured(settings, bytes_max));
    if (end.is_success()) return std::move(end.out);
    return fail(Code::kFailedPrecondition, "reproduce.git",
                fmt::format("git {}: {}", arguments.front(), end.is_timed_out ? "it took too long" : end.err));
  }

 private:
  ProcessSettings settings_;
  std::vector<std::string> protocols_;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::vector<std::string> split_at_zero(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\0', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string find_remote(Git& git) {
  const auto names = git({"remote"});
  if (!names || names->empty()) return "";
  const bool has_origin = ('\n' + *names).find("\norigin\n") != std::string::npos;
  const auto url = git({"remote", "get-url", has_origin ? "origin" : first_line(*names)});
  return url ? without_credentials(first_line(*url)) : "";
}

bool is_left_out(const std::string& path, const std::set<std::string>& left_out) {
  for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    if (left_out.contains(path.substr(0, slash))) return true;
  }
  return left_out.contains(path);
}

// Which of the files that git does not know travel with the changes.
class UntrackedChoice {
 public:
  explicit UntrackedChoice(const std::string& root) : root_(root) {}

  void look(const std::string& path) {
    if (const std::string why = refusal(path); !why.empty()) {
      if (gaps.size() < kGapsMax) gaps.push_back(fmt::format("{} was left out: {}", path, why));
      return;
    }
    chosen.push_back(path);
  }

  std::vector<std::string> chosen;
  std::vector<std::string> gaps;

 private:
  std::string refusal(const std::string& path) {
    struct stat status {};
    if (is_secret_file(path)) return "its name is one that secrets are kept under";
    if (path.ends_with('/')) return "it is a repository of its own";
    if (::lstat((root_ + '/' + path).c_str(), &status) != 0) return "it cannot be read";
    if (!S_ISREG(status.st_mode)) return "it is no regular file";
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > kUntrackedFileBytesMax) return "git does not know it and it is larger than 1 MiB; name it with --input";
    if (chosen.size() >= kUntrackedFilesMax) return "git does not know more than 1000 files";
    if (bytes_ + size > kUntrackedBytesMax) return "what git does not know is larger than 16 MiB";
    bytes_ += size;
    return "";
  }

  const std::string& root_;
  std::size_t bytes_ = 0;
};

// A mode in `git diff-index --raw` that is neither a file nor nothing.
bool is_special_mode(std::string_view mode) { return mode == "120000" || mode == "160000"; }

Status refuse_special_files(Git& git) {
  SLIPWAY_TRY(const std::string raw, git({"diff-index", "--cached", "--raw", "--no-renames", "-z", "HEAD"}));
  const std::vector<std::string> parts = split_at_zero(raw);  // ":100644 120000 … T", then the path
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    const std::string& facts = parts[i];
    if (facts.size() > 14 && is_special_mode(std::string_view(facts).substr(8, 6))) {
      return fail(Code::kFailedPrecondition, "reproduce.changes_refused",
                  fmt::format("the changes of the bundle make {} a link or a submodule", parts[i + 1]));
    }
  }
  return {};
}

Status fetch_commit(const std::string& directory, const std::string& commit, const std::string& source) {
  Git git(directory);
  git.set_timeout(kFetchTimeout);
  if (source.starts_with('/')) {
    git.allow_protocol("file");
  } else {
    git.allow_protocol("https");
    git.allow_protocol("ssh");
  }
  const std::vector<std::string> fetch = {"fetch", "--quiet", "--no-tags", "--no-recurse-submodules"};
  std::vector<std::string> one = fetch;
  one.insert(one.end(), {"--depth=1", "--", source, commit});
  if (git(one)) return {};
  // A server that does not hand out single commits: everything it has.
  std::vector<std::string> all = fetch;
  all.insert(all.end(), {"--", source, "+refs/*:refs/slipway/*"});
  SLIPWAY_CHECK(git(all));
  SLIPWAY_CHECK(git({"cat-file", "-e", commit + "^{commit}"}));
  return {};
}

}  // namespace

Result<WorkTree> find_work_tree(const std::string& directory) {
  Git git(directory);
  WorkTree tree;
  const auto root = git({"rev-parse", "--show-toplevel"});
  const auto commit = root ? git({"rev-parse", "--verify", "HEAD^{commit}"}) : root;
  if (!commit) {
    if (commit.error().reason == "process.not_found") return fail(commit.error());
    return fail(Code::kFailedPrecondition, "reproduce.no_repository",
                "a run is recorded with the commit it ran from, and there is none here; run: git init && git add . && "
                "git commit -m \"first\" (" +
                    commit.error().message + ")");
  }
  tree.root = first_line(*root);
  tree.commit = first_line(*commit);
  tree.remote = find_remote(git);
  return tree;
}

Result<Changes> capture_changes(const WorkTree& tree, const std::set<std::string>& left_out) {
  // An index and an object store of our own, so that the repository stays as it is.
  SLIPWAY_TRY(const ScratchDirectory scratch, ScratchDirectory::make());
  Git git(tree.root);
  SLIPWAY_TRY(const std::string objects, git({"rev-parse", "--path-format=absolute", "--git-path", "objects"}));
  SLIPWAY_TRY(const std::string untracked, git({"ls-files", "--others", "--exclude-standard", "-z"}));
  UntrackedChoice choice(tree.root);
  for (const std::string& path : split_at_zero(untracked)) {
    if (!is_left_out(path, left_out)) choice.look(path);
  }
  std::error_code ignored;
  std::filesystem::create_directory(scratch.path() + "/objects", ignored);
  git.set("GIT_INDEX_FILE", scratch.path() + "/index");
  git.set("GIT_OBJECT_DIRECTORY", scratch.path() + "/objects");
  git.set("GIT_ALTERNATE_OBJECT_DIRECTORIES", first_line(objects));
  SLIPWAY_CHECK(git({"read-tree", "HEAD"}));
  SLIPWAY_CHECK(git({"add", "--update"}));
  if (!choice.chosen.empty()) {
    std::string list;
    for (const std::string& path : choice.chosen) list.append(path).push_back('\0');
    SLIPWAY_CHECK(write_new_file(scratch.path() + "/list", list));
    SLIPWAY_CHECK(git({"add", "--pathspec-from-file=" + scratch.path() + "/list", "--pathspec-file-nul"}));
  }
  Changes changes;
  changes.gaps = std::move(choice.gaps);
  SLIPWAY_TRY(changes.patch,
              git({"diff", "--cached", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv",
                   "--no-renames", "--ignore-submodules", "--src-prefix=a/", "--dst-prefix=b/", "HEAD"},
                  kPatchBytesMax));
  if (std::filesystem::exists(tree.root + "/.gitmodules", ignored))
    changes.gaps.emplace_back("the repository has submodules; their files are not captured");
  return changes;
}

Status check_out(const std::string& directory, const std::string& commit, const std::vector<std::string>& sources) {
  Git git(directory);
  SLIPWAY_CHECK(git({"init", "--quiet", "--template="}));
  std::string why = "no repository is known that could have it";
  for (const std::string& source : sources) {
    Status fetched = fetch_commit(directory, commit, source);
    if (!fetched) {
      if (fetched.error().code == Code::kCancelled) return fetched;
      why = fetched.error().message;
      continue;
    }
    SLIPWAY_CHECK(git({"checkout", "--quiet", "--force", "--detach", commit}));
    return {};
  }
  return fail(Code::kFailedPrecondition, "reproduce.commit_gone",
              fmt::format("the commit {} cannot be had: {}", commit, why));
}

Status apply_changes(const std::string& directory, const std::string& patch_path) {
  Git git(directory);
  const auto refused = [](const Error& error) {
    return fail(Code::kFailedPrecondition, "reproduce.changes_refused",
                "the changes of the bundle do not apply: " + error.message);
  };
  // First to the index alone, so that git itself says what the patch would make.
  if (const auto applied = git({"apply", "--cached", "--binary", "--whitespace=nowarn", "--", patch_path}); !applied)
    return refused(applied.error());
  SLIPWAY_CHECK(refuse_special_files(git));
  SLIPWAY_CHECK(git({"read-tree", "HEAD"}));
  if (const auto applied = git({"apply", "--binary", "--whitespace=nowarn", "--", patch_path}); !applied)
    return refused(applied.error());
  return {};
}

}  // namespace slipway::reproduce

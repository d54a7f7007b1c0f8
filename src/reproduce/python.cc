#include "reproduce/python.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "reproduce/files.h"
#include "reproduce/names.h"
#include "reproduce/pip.h"

namespace slipway::reproduce {
namespace {

namespace fs = std::filesystem;

// "file:///a%20b/x.whl" -> "/a b/x.whl"; "" for other addresses.
std::string path_of_url(std::string_view url) {
  constexpr std::string_view kScheme = "file://";
  if (!url.starts_with(kScheme)) return "";
  url.remove_prefix(kScheme.size());
  const auto digit = [](char c) { return c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0'; };
  std::string path;
  for (std::size_t i = 0; i < url.size(); ++i) {
    if (url[i] == '%' && i + 2 < url.size()) {
      path += static_cast<char>(digit(url[i + 1]) * 16 + digit(url[i + 2]));
      i += 2;
    } else {
      path += url[i];
    }
  }
  return path;
}

class Locking {
 public:
  explicit Locking(const std::string& repository) : repository_(repository) {}

  void add(const InstalledPackage& installed) {
    if (!is_package_name(installed.name) || !is_package_version(installed.version)) {
      return gap(installed, "its name or version is not one that pip takes");
    }
    if (installed.is_from_version_control) return gap(installed, "it was installed from a repository of its own");
    if (!installed.project.empty()) return add_project(installed);
    Package package{installed.name, installed.version, Digest::parse(installed.sha256), "", ""};
    if (const std::string archive = path_of_url(installed.archive_url); package.sha256 && !archive.empty()) {
      const auto facts = hash_file(archive, archive);
      if (facts && facts->sha256 == *package.sha256) {
        package.file = "wheels/" + fs::path(archive).filename().string();
        lock.archives[package.file] = archive;
      } else {
        lock.gaps.push_back(
            fmt::format("{} {} was installed from {}, which is gone", package.name, package.version, archive));
      }
    } else if (!package.sha256) {
      from_index[installed.name] = &installed;
    }
    lock.packages.push_back(std::move(package));
  }

  // The digests that the index gave.
  void prove(const IndexAnswer& answer) {
    for (Package& package : lock.packages) {
      const auto installed = from_index.find(package.name);
      if (installed == from_index.end()) continue;
      const auto archive = answer.archives.find(package.name);
      if (archive == answer.archives.end()) {
        const auto why = answer.failed.find(package.name);
        unproved(package, why == answer.failed.end() ? "its index gives no digest" : why->second);
      } else if (archive->second.file_name.ends_with(".whl") &&
                 !is_same_build(archive->second.file_name, installed->second->tags)) {
        unproved(package, fmt::format("the index offers another build, {}", archive->second.file_name));
      } else {
        package.sha256 = archive->second.sha256;
      }
    }
  }

  void unproved(const Package& package, const std::string& why) {
    lock.gaps.push_back(fmt::format("{} {} is not proved by a digest: {}", package.name, package.version, why));
  }

  std::map<std::string, const InstalledPackage*> from_index;
  Lock lock;

 private:
  void add_project(const InstalledPackage& installed) {
    std::error_code error;
    const fs::path relative = fs::canonical(installed.project, error).lexically_relative(repository_);
    if (error || relative.empty() || relative.begin()->string() == "..")
      return gap(installed, fmt::format("it is installed from {}, outside of the repository", installed.project));
    lock.packages.push_back({installed.name, installed.version, std::nullopt, "", relative.generic_string()});
  }

  void gap(const InstalledPackage& installed, std::string_view why) {
    lock.gaps.push_back(fmt::format("the package {} {} is not captured: {}", installed.name, installed.version, why));
  }

  const std::string& repository_;
};

// One requirement a line, as pip reads them; the names were checked by check_run_record().
std::string requirements(const Python& python, bool with_digest) {
  std::string text;
  for (const Package& package : python.packages) {
    if (!package.project.empty() || package.sha256.has_value() != with_digest) continue;
    text += package.name + "==" + package.version;
    if (with_digest) text += " --hash=sha256:" + package.sha256->hex();
    text += '\n';
  }
  return text;
}

class Installing {
 public:
  Installing(std::vector<std::string> pip, const InstallSettings& settings) : settings_(settings) {
    pip_ = std::move(pip);
    pip_.insert(pip_.end(), {"install", "--quiet", "--no-deps", "--no-compile"});
    if (!settings.may_use_network) pip_.emplace_back("--no-index");
    std::error_code ignored;
    if (const std::string wheels = settings.bundle + "/wheels"; fs::exists(wheels, ignored))
      pip_.insert(pip_.end(), {"--find-links", wheels});
  }

  Status install(std::vector<std::string> arguments) const {
    ProcessSettings process;
    process.arguments = pip_;
    process.arguments.insert(process.arguments.end(), arguments.begin(), arguments.end());
    process.environment = pip_environment();
    process.timeout = settings_.timeout;
    SLIPWAY_TRY(const CapturedEnd end, run_captured(process));
    if (end.is_success()) return {};
    return fail(Code::kFailedPrecondition, "reproduce.not_installable",
                fmt::format("the packages cannot be installed: {}", end.is_timed_out ? "it took too long" : end.err));
  }

  Status install_list(const std::string& file, const std::string& text, bool with_digest) const {
    if (text.empty()) return {};
    const std::string path = settings_.environment + '/' + file;
    SLIPWAY_CHECK(write_new_file(path, text));
    std::vector<std::string> arguments = {"-r", path};
    if (with_digest) arguments.emplace_back("--require-hashes");
    return install(std::move(arguments));
  }

  Status install_project(const std::string& folder) const {
    std::vector<std::string> arguments = {"--editable",
                                          folder == "." ? settings_.repository : settings_.repository + '/' + folder};
    if (!settings_.may_use_network) arguments.emplace_back("--no-build-isolation");
    return install(std::move(arguments));
  }

 private:
  const InstallSettings& settings_;
  std::vector<std::string> pip_;
};

Status run_tool(std::vector<std::string> arguments, std::string_view what) {
  ProcessSettings settings;
  settings.arguments = std::move(arguments);
  settings.environment = pip_environment();
  settings.timeout = std::chrono::minutes(5);
  SLIPWAY_TRY(const CapturedEnd end, run_captured(settings));
  if (end.is_success()) return {};
  return fail(Code::kFailedPrecondition, "reproduce.not_installable", fmt::format("{}: {}{}", what, end.out, end.err));
}

}  // namespace

Result<Lock> lock_packages(const Interpreter& interpreter, const std::string& repository, bool may_use_network) {
  Locking locking(repository);
  for (const InstalledPackage& installed : interpreter.packages) locking.add(installed);
  std::map<std::string, std::string> versions;
  for (const auto& [name, installed] : locking.from_index) versions[name] = installed->version;
  IndexAnswer answer;
  const std::vector<std::string> pip = versions.empty() || !may_use_network
                                           ? std::vector<std::string>{}
                                           : find_pip(interpreter.executable, {interpreter.base, "python3"});
  if (!pip.empty()) {
    SLIPWAY_TRY(answer, ask_index(pip, versions));
  } else {
    const char* why = may_use_network ? "there is no pip 22.3 or newer to ask the index" : "the index was not asked";
    for (const auto& [name, version] : versions) answer.failed[name] = why;
  }
  locking.prove(answer);
  std::sort(locking.lock.packages.begin(), locking.lock.packages.end(),
            [](const Package& a, const Package& b) { return a.name < b.name; });
  return std::move(locking.lock);
}

Status make_environment(const Interpreter& interpreter, const Python& python, const InstallSettings& settings) {
  SLIPWAY_CHECK(run_tool({interpreter.executable, "-m", "venv", "--without-pip", settings.environment},
                         "no virtual environment can be made"));
  if (python.packages.empty()) return {};
  const std::string executable = settings.environment + "/bin/python";
  std::vector<std::string> pip = find_pip(executable, {interpreter.executable, "python3"});
  if (pip.empty()) {
    SLIPWAY_CHECK(run_tool({executable, "-m", "ensurepip"}, "pip cannot be installed"));
    pip = {executable, "-m", "pip"};
  }
  const Installing installing(std::move(pip), settings);
  SLIPWAY_CHECK(installing.install_list("proved.txt", requirements(python, true), true));
  SLIPWAY_CHECK(installing.install_list("unproved.txt", requirements(python, false), false));
  for (const Package& package : python.packages) {
    if (!package.project.empty()) SLIPWAY_CHECK(installing.install_project(package.project));
  }
  return {};
}

}  // namespace slipway::reproduce

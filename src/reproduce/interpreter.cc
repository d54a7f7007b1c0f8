#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <set>

#include "base/bytes.h"
#include "reproduce/members.h"
#include "reproduce/names.h"
#include "reproduce/python.h"

namespace slipway::reproduce {
namespace {

namespace fs = std::filesystem;
constexpr auto kAskTimeout = std::chrono::minutes(2);
constexpr std::string_view kReason = "reproduce.no_interpreter";
constexpr std::size_t kPackagesMax = 10'000;

// Run by the interpreter itself. The folder of the command is taken off the path first, as it would stand before the
// standard library.
constexpr std::string_view kQuestion = R"python(
import sys
repository = sys.argv[1]
sys.path[:] = [entry for entry in sys.path if entry]
import csv, hashlib, json, os, platform, re, sysconfig, urllib.parse, urllib.request, zipfile
from importlib import metadata

def is_below(path, folder):
    return os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep)

def path_of(url):
    return urllib.request.url2pathname(urllib.parse.urlsplit(url).path)

def files_of(record):
    rows = [row[:2] for row in csv.reader(record.splitlines()) if len(row) > 1]
    return {tuple(row) for row in rows if row[1] and ".data/" not in row[0]}

# pip before 23.1 does not write down the digest of a wheel that is a file. It is that of the file, if all of the wheel is
# installed.
def digest_of(wheel, found):
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD")]
            inside = files_of(archive.read(names[0]).decode())
        with open(wheel, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
    except (OSError, IndexError, UnicodeDecodeError, zipfile.BadZipFile):
        return ""
    return digest if inside and inside <= files_of(found.read_text("RECORD") or "") else ""

packages = {}
for found in metadata.distributions():
    name = re.sub(r"[-_.]+", "-", (found.metadata["Name"] or "")).lower()
    if not name or name == "pip" or name in packages:
        continue
    package = packages[name] = {"name": name, "version": found.version or ""}
    wheel = found.read_text("WHEEL") or ""
    package["tags"] = " ".join(re.findall(r"^Tag: (\S+)", wheel, re.MULTILINE))
    direct = json.loads(found.read_text("direct_url.json") or "{}")
    url = direct.get("url", "")
    location = str(found.locate_file(""))
    if "archive_info" in direct:
        archive = direct["archive_info"]
        old = archive.get("hash") or ""
        package["archive_url"] = url
        package["sha256"] = archive.get("hashes", {}).get("sha256") or old.partition("sha256=")[2]
        if not package["sha256"] and url.startswith("file:") and url.endswith(".whl"):
            package["sha256"] = digest_of(path_of(url), found)
    elif "dir_info" in direct:
        package["project"] = path_of(url)
    elif "vcs_info" in direct:
        package["is_from_version_control"] = True
    elif is_below(location, repository) and not is_below(location, sys.prefix):
        package["project"] = location
json.dump(
    {
        "base": getattr(sys, "_base_executable", None) or sys.executable,
        "executable": sys.executable,
        "implementation": sys.implementation.name,
        "packages": sorted(packages.values(), key=lambda package: package["name"]),
        "programs": sysconfig.get_path("scripts"),
        "version": platform.python_version(),
    },
    sys.stdout,
)
)python";

Result<InstalledPackage> read_package(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  InstalledPackage package;
  SLIPWAY_TRY(package.name, text(members, "name"));
  SLIPWAY_TRY(package.version, text(members, "version"));
  SLIPWAY_TRY(package.tags, text(members, "tags"));
  SLIPWAY_TRY(package.archive_url, text_or_empty(members, "archive_url"));
  SLIPWAY_TRY(package.sha256, text_or_empty(members, "sha256"));
  SLIPWAY_TRY(package.project, text_or_empty(members, "project"));
  package.is_from_version_control = members.take("is_from_version_control").has_value();
  SLIPWAY_CHECK(members.finish());
  return package;
}

Result<Interpreter> read_answer(std::string_view json) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(json, 64u << 20, kReason));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  Interpreter interpreter;
  SLIPWAY_TRY(interpreter.base, text(members, "base"));
  SLIPWAY_TRY(interpreter.executable, text(members, "executable"));
  SLIPWAY_TRY(interpreter.implementation, text(members, "implementation"));
  SLIPWAY_TRY(interpreter.programs, text(members, "programs"));
  SLIPWAY_TRY(interpreter.version, text(members, "version"));
  SLIPWAY_TRY(const JsonValue packages, members.require("packages"));
  SLIPWAY_TRY(const std::vector<JsonValue> items, packages.array(kPackagesMax));
  for (const JsonValue& item : items) {
    SLIPWAY_TRY(InstalledPackage package, read_package(item));
    interpreter.packages.push_back(std::move(package));
  }
  return interpreter;
}

bool is_python_name(std::string_view name) {
  if (!name.starts_with("python")) return false;
  return name.substr(6).find_first_not_of("0123456789.") == name.npos;
}

std::string minor_of(const std::string& version) { return version.substr(0, version.find('.', version.find('.') + 1)); }

// Versions kept side by side: FOLDER/3.11.7/bin/python, FOLDER/cpython-3.11.7-linux-x86_64-gnu/bin/python3.
void add_kept_versions(std::vector<std::string>& candidates, const fs::path& folder, const std::string& minor) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(minor + '.') || name.starts_with("cpython-" + minor + '.'))
      candidates.push_back((entry.path() / "bin" / "python3").string());
  }
}

// Every program of that name, not only the first: the others may be of other versions.
void add_of_path(std::vector<std::string>& candidates, std::set<std::string>& seen, const std::string& name,
                 const std::string& search_path) {
  for (std::size_t begin = 0; begin < search_path.size();) {
    const std::size_t end = std::min(search_path.find(':', begin), search_path.size());
    const std::string found = find_program(name, search_path.substr(begin, end - begin), "/");
    std::error_code error;
    if (!found.empty() && seen.insert(fs::canonical(found, error).string()).second) candidates.push_back(found);
    begin = end + 1;
  }
}

std::vector<std::string> candidates_for(const std::string& version, const Environment& environment) {
  const std::string minor = minor_of(version);
  const auto value = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  std::vector<std::string> candidates;
  std::set<std::string> seen;  // links may lead to the same
  for (const std::string& name : {"python" + minor, std::string("python3"), std::string("python")})
    add_of_path(candidates, seen, name, value("PATH"));
  if (const std::string home = value("HOME"); !home.empty()) {
    const std::string pyenv = value("PYENV_ROOT");
    add_kept_versions(candidates, fs::path(pyenv.empty() ? home + "/.pyenv" : pyenv) / "versions", minor);
    add_kept_versions(candidates, fs::path(home) / ".local/share/uv/python", minor);
  }
  return candidates;
}

// "cpython 3.11.7"; "" when it does not run.
std::string ask_version(const std::string& executable) {
  ProcessSettings settings;
  settings.arguments = {executable, "-I", "-c",
                        "import sys, platform; print(sys.implementation.name, platform.python_version())"};
  settings.timeout = kAskTimeout;
  const auto end = run_captured(settings);
  return end && end->is_success() ? end->out.substr(0, end->out.find('\n')) : "";
}

}  // namespace

std::string interpreter_of(const std::string& program, const std::string& search_path) {
  if (is_python_name(fs::path(program).filename().string())) return program;
  std::ifstream file(program, std::ios::binary);
  std::string line(2, '\0');
  if (!file.read(line.data(), 2) || line != "#!") return "";
  char rest[512] = {};
  file.getline(rest, sizeof rest);
  std::vector<std::string> words;
  const std::string_view text(rest);
  for (std::size_t begin = text.find_first_not_of(' '); begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(' ', end);
  }
  if (words.empty()) return "";
  std::string wanted = words[0];
  if (fs::path(wanted).filename() == "env") {
    words.erase(words.begin());
    std::erase_if(words, [](const std::string& word) { return word.starts_with('-'); });
    wanted = words.empty() ? "" : find_program(words[0], search_path, "/");
  }
  return is_python_name(fs::path(wanted).filename().string()) ? wanted : "";
}

Result<Interpreter> ask_interpreter(const std::string& executable, const std::string& repository,
                                    const Environment& environment) {
  ProcessSettings settings;
  settings.arguments = {executable, "-c", std::string(kQuestion), repository};
  settings.environment = environment;
  settings.directory = repository;
  settings.timeout = kAskTimeout;
  SLIPWAY_TRY(const CapturedEnd end, run_captured(settings));
  if (!end.is_success()) {
    return fail(Code::kFailedPrecondition, kReason,
                fmt::format("{} cannot say which packages it has; Python 3.8 or newer is needed: {}", executable,
                            end.is_timed_out ? "it took too long" : end.err));
  }
  // Whatever else prints something when the interpreter starts prints it before.
  SLIPWAY_TRY(Interpreter interpreter, read_answer(std::string_view(end.out).substr(end.out.rfind('\n') + 1)));
  interpreter.executable = executable;
  return interpreter;
}

Result<Interpreter> find_interpreter(const Python& python, const std::string& preferred) {
  const Environment environment = this_environment();
  const std::string wanted = python.implementation + ' ' + python.version;
  std::vector<std::string> candidates;
  if (preferred.empty()) {
    candidates = candidates_for(python.version, environment);
  } else {
    candidates.push_back(preferred);
  }
  std::string second_best;
  // Not the virtual environment that it may belong to, nor a program that stands in front of it.
  const auto take = [&](const std::string& executable) -> Result<Interpreter> {
    SLIPWAY_TRY(Interpreter interpreter, ask_interpreter(executable, "/", environment));
    interpreter.executable = interpreter.base;
    return interpreter;
  };
  for (const std::string& candidate : candidates) {
    const std::string found = ask_version(candidate);
    if (found == wanted) return take(candidate);
    if (second_best.empty() && found.starts_with(python.implementation + ' ' + minor_of(python.version) + '.'))
      second_best = candidate;
  }
  if (!second_best.empty()) return take(second_best);
  return fail(Code::kFailedPrecondition, kReason,
              fmt::format("{} {} was used and is not installed here; install it, or name one of the same minor version "
                          "with --python",
                          python.implementation, python.version));
}

}  // namespace slipway::reproduce

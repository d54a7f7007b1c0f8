#include "reproduce/pip.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <simdjson.h>

#include "reproduce/files.h"

namespace slipway::reproduce {
namespace {

constexpr auto kVersionTimeout = std::chrono::seconds(30);
constexpr auto kIndexTimeout = std::chrono::minutes(10);
constexpr std::size_t kReportBytesMax = 256u << 20;

std::string normalised(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const bool is_joint = c == '-' || c == '_' || c == '.';
    if (is_joint && result.ends_with('-')) continue;
    result += is_joint ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

bool is_no_connection(const std::string& err) {
  static constexpr std::array<std::string_view, 4> kSigns = {"NewConnectionError", "NameResolutionError",
                                                             "ConnectTimeoutError", "ProxyError"};
  return std::any_of(kSigns.begin(), kSigns.end(), [&](auto sign) { return err.find(sign) != err.npos; });
}

class IndexQuestion {
 public:
  IndexQuestion(const std::vector<std::string>& pip, std::string report)
      : pip_(pip), report_(std::move(report)), end_(std::chrono::steady_clock::now() + kIndexTimeout) {}

  using Versions = std::vector<std::pair<std::string, std::string>>;

  Status ask(std::span<const Versions::value_type> versions) {
    if (versions.empty()) return {};
    SLIPWAY_TRY(const std::string why, ask_once(versions));
    if (why.empty()) return {};
    if (versions.size() == 1 || is_hopeless_) {
      for (const auto& [name, version] : versions) answer.failed[name] = why;
      return {};
    }
    SLIPWAY_CHECK(ask(versions.first(versions.size() / 2)));
    return ask(versions.subspan(versions.size() / 2));
  }

  IndexAnswer answer;

 private:
  // "" when pip found all of them, else what it says.
  Result<std::string> ask_once(std::span<const Versions::value_type> versions) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
    if (is_hopeless_ || left.count() <= 0) return std::string("no package index answers");
    ProcessSettings settings;
    settings.arguments = pip_;
    settings.arguments.insert(settings.arguments.end(), {"install", "--dry-run", "--quiet", "--no-deps",
                                                         "--ignore-installed", "--retries", "1", "--report", report_});
    for (const auto& [name, version] : versions) settings.arguments.push_back(name + "==" + version);
    settings.environment = pip_environment();
    settings.timeout = left;
    SLIPWAY_TRY(const CapturedEnd end, run_captured(settings));
    if (!end.is_success()) {
      is_hopeless_ = end.is_timed_out || is_no_connection(end.err);
      return is_hopeless_ ? "no package index answers" : last_line(end.err);
    }
    SLIPWAY_TRY(const std::string report, read_file(report_, kReportBytesMax));
    SLIPWAY_TRY(const auto archives, read_pip_report(report));
    answer.archives.insert(archives.begin(), archives.end());
    return std::string();
  }

  const std::vector<std::string>& pip_;
  std::string report_;
  std::chrono::steady_clock::time_point end_;
  bool is_hopeless_ = false;
};

// "23.2.1" of the pip that `python` has; "" when it has none. Its own command would take seconds to say so.
std::string pip_version(const std::string& python) {
  ProcessSettings settings;
  settings.arguments = {python, "-c", "import pip; print(pip.__version__)"};
  settings.environment = pip_environment();
  settings.directory = "/";
  settings.timeout = kVersionTimeout;
  const auto end = run_captured(settings);
  return end && end->is_success() ? end->out.substr(0, end->out.find('\n')) : "";
}

}  // namespace

bool installs_for_others(std::string_view version) noexcept {
  int major = 0;
  int minor = 0;
  const char* const end = version.data() + version.size();
  const auto [dot, error] = std::from_chars(version.data(), end, major);
  if (error != std::errc() || dot == end || *dot != '.') return false;
  std::from_chars(dot + 1, end, minor);
  return major > 22 || (major == 22 && minor >= 3);
}

std::vector<std::string> find_pip(const std::string& python, const std::vector<std::string>& others) {
  if (!pip_version(python).empty()) return {python, "-m", "pip"};
  for (const std::string& other : others) {
    if (installs_for_others(pip_version(other))) return {other, "-m", "pip", "--python", python};
  }
  return {};
}

Environment pip_environment() {
  Environment environment = this_environment();
  for (const char* name : {"PIP_TARGET", "PIP_USER", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT", "PIP_REQUIREMENT",
                           "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV", "PIP_REQUIRE_HASHES", "PYTHONPATH", "PYTHONHOME"}) {
    environment.erase(name);
  }
  environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1";
  environment["PIP_NO_INPUT"] = "1";
  environment["PIP_NO_COLOR"] = "1";
  return environment;
}

Result<IndexAnswer> ask_index(const std::vector<std::string>& pip, const std::map<std::string, std::string>& versions) {
  SLIPWAY_TRY(const ScratchDirectory scratch, ScratchDirectory::make());
  IndexQuestion question(pip, scratch.path() + "/report.json");
  const IndexQuestion::Versions list(versions.begin(), versions.end());
  SLIPWAY_CHECK(question.ask(list));
  return std::move(question.answer);
}

Result<std::map<std::string, Archive>> read_pip_report(std::string_view json) {
  const auto bad = [](std::string_view why) {
    return fail(Code::kUnavailable, "reproduce.pip", fmt::format("pip's report cannot be read: {}", why));
  };
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array installs;
  const simdjson::padded_string text(json);
  if (parser.parse(text).get(root) != simdjson::SUCCESS || root["install"].get(installs) != simdjson::SUCCESS)
    return bad("it has no list of packages");
  std::map<std::string, Archive> archives;
  for (const auto item : installs) {
    std::string_view name;
    std::string_view url;
    std::string_view hex;
    if (item["metadata"]["name"].get(name) != simdjson::SUCCESS ||
        item["download_info"]["url"].get(url) != simdjson::SUCCESS)
      return bad("a package has no name or address");
    const auto hashes = item["download_info"]["archive_info"]["hashes"]["sha256"];
    if (hashes.get(hex) != simdjson::SUCCESS) continue;  // a folder, or an index without digests
    const auto digest = Digest::parse(hex);
    if (!digest) return bad("a digest is no SHA-256");
    archives[normalised(name)] = {std::string(url.substr(url.rfind('/') + 1)), *digest};
  }
  return archives;
}

}  // namespace slipway::reproduce

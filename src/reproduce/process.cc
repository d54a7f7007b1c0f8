#include "reproduce/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"

extern char** environ;

namespace slipway::reproduce {
namespace {

using Time = std::chrono::steady_clock;
constexpr auto kLookEvery = std::chrono::milliseconds(10);
constexpr auto kGrace = std::chrono::seconds(5);            // between being asked to end and being killed
constexpr auto kDrainMax = std::chrono::milliseconds(500);  // for pipes that a grandchild keeps open
constexpr std::size_t kErrorBytesMax = 64u << 10;

volatile std::sig_atomic_t asked_to_end = 0;
void note_signal(int signal) { asked_to_end = signal; }

// While a program runs, signals that would end this process are passed on instead.
class SignalWatch {
 public:
  SignalWatch() {
    asked_to_end = 0;
    struct sigaction action {};
    action.sa_handler = &note_signal;
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
  }
  ~SignalWatch() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  static constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, 3> before_{};
};

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) ends = {-1, -1};
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  bool is_open(std::size_t end) const { return ends[end] >= 0; }
  void close_end(std::size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct SpawnSettings {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

Result<pid_t> spawn(const std::string& program, const ProcessSettings& settings, const Pipe& out, const Pipe& err) {
  SpawnSettings how;
  posix_spawn_file_actions_addchdir_np(&how.actions, settings.directory.c_str());
  if (!settings.shares_terminal) posix_spawn_file_actions_addopen(&how.actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&how.actions, out.ends[1], 1);
  posix_spawn_file_actions_adddup2(&how.actions, err.ends[1], 2);
  sigset_t defaults;
  sigset_t none;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigdefault(&how.attributes, &defaults);
  posix_spawnattr_setsigmask(&how.attributes, &none);
  int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  if (!settings.shares_terminal) flags |= POSIX_SPAWN_SETPGROUP;  // a group of its own, so that all of it can be ended
  posix_spawnattr_setflags(&how.attributes, static_cast<short>(flags));

  std::vector<std::string> arguments = settings.arguments;
  std::vector<std::string> variables;
  for (const auto& [name, value] : settings.environment) variables.push_back(name + '=' + value);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, program.c_str(), &how.actions, &how.attributes, pointers(arguments).data(),
                                  pointers(variables).data());
  if (error != 0) {
    return fail(Code::kUnavailable, "process.failed",
                fmt::format("{} cannot be started: {}", program, std::generic_category().message(error)));
  }
  return pid;
}

// Hands on what a pipe holds; closes it at its end.
void pump(Pipe& pipe, const ByteSink& sink) {
  std::array<std::byte, 65536> buffer;
  const ssize_t size = ::read(pipe.ends[0], buffer.data(), buffer.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size <= 0) return pipe.close_end(0);
  sink(std::span<const std::byte>(buffer).first(static_cast<std::size_t>(size)));
}

void pump_ready(Pipe& out, Pipe& err, const ByteSink& out_sink, const ByteSink& err_sink, Time::duration wait) {
  std::array<pollfd, 2> waits{{{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}}};  // negative ones are skipped
  const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  if (::poll(waits.data(), waits.size(), static_cast<int>(wait_ms)) <= 0) return;
  if (waits[0].revents != 0) pump(out, out_sink);
  if (waits[1].revents != 0) pump(err, err_sink);
}

int exit_code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

// Tells the program to end, and later does not ask.
class Ending {
 public:
  Ending(pid_t pid, const ProcessSettings& settings) : pid_(pid), shares_terminal_(settings.shares_terminal) {
    if (settings.timeout.count() > 0) deadline_ = Time::now() + settings.timeout;
  }
  void look() {
    const auto now = Time::now();
    if (kill_at_ != Time::time_point{} && now >= kill_at_) return send(SIGKILL);
    if (kill_at_ != Time::time_point{}) return;
    if (now >= deadline_) {
      is_timed_out = true;
      ask(SIGTERM);
    } else if (const int signal = asked_to_end; signal != 0) {
      is_interrupted = true;
      if (shares_terminal_ && signal == SIGINT) return;  // the terminal told it
      ask(signal);
    }
  }
  void end_what_is_left() const {
    if (!shares_terminal_) ::kill(-pid_, SIGKILL);  // children that outlive the program
  }

  bool is_timed_out = false;
  bool is_interrupted = false;

 private:
  void ask(int signal) {
    send(signal);
    kill_at_ = Time::now() + kGrace;
  }
  void send(int signal) const { ::kill(shares_terminal_ ? pid_ : -pid_, signal); }

  pid_t pid_;
  bool shares_terminal_;
  Time::time_point deadline_ = Time::time_point::max();
  Time::time_point kill_at_{};
};

}  // namespace

Environment this_environment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != text.npos && equals > 0)
      environment[std::string(text.substr(0, equals))] = std::string(text.substr(equals + 1));
  }
  return environment;
}

std::string find_program(const std::string& name, const std::string& search_path, const std::string& directory) {
  const auto is_program = [](const std::string& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
  };
  std::error_code error;
  if (name.find('/') != name.npos) {
    const std::string path = std::filesystem::absolute(std::filesystem::path(directory) / name, error).string();
    return is_program(path) ? path : "";
  }
  for (std::size_t begin = 0; begin <= search_path.size() && !name.empty();) {
    const std::size_t end = std::min(search_path.find(':', begin), search_path.size());
    const std::string folder = search_path.substr(begin, end - begin);
    if (std::string path = folder + '/' + name; folder.starts_with('/') && is_program(path)) return path;
    begin = end + 1;
  }
  return "";
}

Result<ProcessEnd> run_process(const ProcessSettings& settings, const ByteSink& out_sink, const ByteSink& err_sink) {
  const auto path = settings.environment.find("PATH");
  const std::string program =
      find_program(settings.arguments.at(0), path == settings.environment.end() ? "/usr/bin:/bin" : path->second,
                   settings.directory);
  if (program.empty()) {
    return fail(Code::kNotFound, "process.not_found",
                fmt::format("the program {} is not installed", slipway::quoted(settings.arguments[0], 256)));
  }
  Pipe out;
  Pipe err;
  if (!out.is_open(0) || !err.is_open(0)) return fail(Code::kUnavailable, "process.failed", "no pipe can be made");
  const SignalWatch watch;
  SLIPWAY_TRY(const pid_t pid, spawn(program, settings, out, err));
  out.close_end(1);
  err.close_end(1);
  Ending ending(pid, settings);
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    ending.look();
    pump_ready(out, err, out_sink, err_sink, kLookEvery);
  }
  ending.end_what_is_left();
  const auto drain_end = Time::now() + kDrainMax;
  while ((out.is_open(0) || err.is_open(0)) && Time::now() < drain_end)
    pump_ready(out, err, out_sink, err_sink, kLookEvery);
  return ProcessEnd{exit_code_of(status), ending.is_timed_out, ending.is_interrupted};
}

Result<CapturedEnd> run_captured(const ProcessSettings& settings, std::size_t out_bytes_max) {
  CapturedEnd captured;
  bool is_too_much = false;
  const ByteSink out = [&](std::span<const std::byte> bytes) {
    is_too_much = is_too_much || captured.out.size() + bytes.size() > out_bytes_max;
    if (!is_too_much) captured.out += as_text(bytes);
  };
  const ByteSink err = [&](std::span<const std::byte> bytes) {
    captured.err += as_text(bytes);
    if (captured.err.size() > kErrorBytesMax) captured.err.erase(0, captured.err.size() - kErrorBytesMax);
  };
  SLIPWAY_TRY(const ProcessEnd end, run_process(settings, out, err));
  if (end.is_interrupted) return fail(Code::kCancelled, "cli.interrupted", "interrupted");
  if (is_too_much) {
    return fail(Code::kResourceExhausted, "process.too_much_output",
                fmt::format("{} printed more than {} bytes", settings.arguments[0], out_bytes_max));
  }
  static_cast<ProcessEnd&>(captured) = end;
  return captured;
}

}  // namespace slipway::reproduce

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "runtime/probe.h"

namespace slipway {
namespace {

constexpr std::size_t kComplaintBytesMax = 4096;         // of standard error: the last words
constexpr auto kGrace = std::chrono::milliseconds(200);  // the child's own alarm is later still

tl::unexpected<Error> internal(const std::string& what) {
  return fail(Code::kInternal, "probe.start", "the probe cannot be started: " + what);
}

class Pipe {
 public:
  static Result<Pipe> make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return internal(std::strerror(errno));
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return Pipe(ends[0], ends[1]);
  }
  Pipe(Pipe&& other) noexcept : read_(std::exchange(other.read_, -1)), write_(std::exchange(other.write_, -1)) {}
  Pipe& operator=(Pipe&&) = delete;
  ~Pipe() {
    close_write();
    close_read();
  }
  int read_end() const noexcept { return read_; }
  int write_end() const noexcept { return write_; }
  void close_write() { close(write_); }
  void close_read() { close(read_); }

 private:
  Pipe(int read, int write) : read_(read), write_(write) {}
  static void close(int& fd) {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  int read_;
  int write_;
};

// Takes what is there; closes the end at the end of the stream. False once more than `bytes_max` arrived.
bool drain(Pipe& pipe, std::string& out, std::size_t bytes_max) {
  std::array<char, 16384> buffer;
  while (pipe.read_end() >= 0) {
    const ssize_t size = ::read(pipe.read_end(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return true;  // nothing more for now
    if (size == 0) {
      pipe.close_read();
      return true;
    }
    out.append(buffer.data(), static_cast<std::size_t>(size));
    if (out.size() > bytes_max) return false;
  }
  return true;
}

void keep_tail(std::string& text) {
  if (text.size() > kComplaintBytesMax) text.erase(0, text.size() - kComplaintBytesMax);
}

struct Ending {
  bool is_late = false;
  bool is_too_long = false;
  int status = 0;  // as waitpid() gives it
  std::string output;
  std::string complaint;
};

class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait(0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void kill() const noexcept { ::kill(pid_, SIGKILL); }
  // True once it has ended.
  bool wait(int flags) noexcept {
    pid_t ended = 0;
    do {
      ended = ::waitpid(pid_, &status_, flags);
    } while (ended < 0 && errno == EINTR);
    if (ended == 0) return false;
    pid_ = -1;
    return true;
  }
  int status() const noexcept { return status_; }

 private:
  pid_t pid_;
  int status_ = 0;
};

struct SpawnActions {
  posix_spawn_file_actions_t actions{};
  SpawnActions() { ::posix_spawn_file_actions_init(&actions); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
};

// Nothing of ours goes along: no environment (secrets), no open files, default signals.
Result<pid_t> spawn(const std::string& executable, const std::vector<std::string>& arguments, int output,
                    int complaint) {
  std::vector<std::string> words = {executable, "probe"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string locale = "LC_ALL=C.UTF-8";
  std::string library_path;
  std::vector<char*> environment = {locale.data()};
  if (const char* set = std::getenv("LD_LIBRARY_PATH"); set != nullptr) {
    library_path = std::string("LD_LIBRARY_PATH=") + set;
    environment.push_back(library_path.data());
  }
  environment.push_back(nullptr);

  SpawnActions files;
  ::posix_spawn_file_actions_addopen(&files.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files.actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files.actions, complaint, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&files.actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes{};
  ::posix_spawnattr_init(&attributes);
  sigset_t signals;
  ::sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  ::sigfillset(&signals);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, executable.c_str(), &files.actions, &attributes, argv.data(), environment.data());
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return internal(quoted(executable, 512) + ": " + std::strerror(error));
  return pid;
}

Ending watch(Child& child, Pipe& output, Pipe& complaint, const ProbeSettings& settings) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(settings.time_limit_ms) + kGrace;
  Ending ending;
  bool has_ended = false;
  while (!has_ended) {
    // A descriptor of -1 is ignored, so with both pipes closed this waits 10 ms between looks at the child.
    std::array<pollfd, 2> ready = {pollfd{output.read_end(), POLLIN, 0}, pollfd{complaint.read_end(), POLLIN, 0}};
    ::poll(ready.data(), ready.size(), 10);
    has_ended = child.wait(WNOHANG);
    ending.is_too_long = ending.is_too_long || !drain(output, ending.output, settings.output_bytes_max);
    drain(complaint, ending.complaint, settings.output_bytes_max);
    keep_tail(ending.complaint);
    if (has_ended) break;
    ending.is_late = std::chrono::steady_clock::now() >= deadline;
    if (!ending.is_late && !ending.is_too_long) continue;
    child.kill();
    child.wait(0);
    break;
  }
  ending.status = child.status();
  return ending;
}

tl::unexpected<Error> refused(std::string_view reason, const std::string& message) {
  return fail(Code::kFailedPrecondition, reason, message);
}

tl::unexpected<Error> timed_out(const ProbeSettings& settings) {
  const std::string what = settings.suite.empty() ? "load and run" : "load, run and go through its test suite";
  return refused("model.probe_timeout", "the model did not " + what + " within " +
                                            std::to_string(settings.time_limit_ms) + " ms (time_limit_ms)");
}

tl::unexpected<Error> out_of_memory(const ProbeSettings& settings) {
  return refused("model.probe_memory", "the model needs more memory than the " +
                                           std::to_string(settings.memory_bytes_max >> 20) +
                                           " MiB that a probe may use, or than the machine has (memory_bytes_max)");
}

tl::unexpected<Error> ended_by_signal(int signal, const Ending& ending, const ProbeSettings& settings) {
  switch (signal) {
    case SIGALRM:
    case SIGXCPU:
      return timed_out(settings);
    case SIGKILL:
      return out_of_memory(settings);  // not by us, so by the kernel
    case SIGSYS:
      return refused("model.probe_crashed",
                     "the model asked the system for something that no model needs (the network, another program, the "
                     "kernel); it was stopped");
    case SIGABRT:
      if (ending.complaint.find("bad_alloc") != std::string::npos) return out_of_memory(settings);
      break;
    default:
      break;
  }
  return refused("model.probe_crashed",
                 "the model crashed the process that tried it (" + std::string(::strsignal(signal)) + ")");
}

Result<ProbeReport> judge(const Ending& ending, const ProbeSettings& settings) {
  if (ending.is_too_long) {
    return refused("model.probe_output", "the probe wrote more than " + std::to_string(settings.output_bytes_max) +
                                             " bytes (output_bytes_max)");
  }
  if (ending.is_late) return timed_out(settings);
  if (WIFSIGNALED(ending.status)) return ended_by_signal(WTERMSIG(ending.status), ending, settings);
  if (!ending.output.empty()) return parse_probe_report(ending.output);
  return refused("model.probe_crashed", "the process that tried the model ended with status " +
                                            std::to_string(WEXITSTATUS(ending.status)) +
                                            " and no report: " + quoted(ending.complaint, 512));
}

}  // namespace

Result<ProbeReport> probe_in_child(const std::string& executable, const std::string& path,
                                   const ProbeSettings& settings) {
  SLIPWAY_TRY(Pipe output, Pipe::make());
  SLIPWAY_TRY(Pipe complaint, Pipe::make());
  SLIPWAY_TRY(
      const pid_t pid,
      spawn(executable, to_arguments({.path = path, .settings = settings, .is_json = false, .is_in_process = true}),
            output.write_end(), complaint.write_end()));
  Child child(pid);
  output.close_write();
  complaint.close_write();
  return judge(watch(child, output, complaint, settings), settings);
}

}  // namespace slipway

#include "runtime/sandbox.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/seccomp_filter.h"

namespace slipway {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kReservesAddressSpace = true;  // sanitizers map terabytes that they never touch
#else
constexpr bool kReservesAddressSpace = false;
#endif

tl::unexpected<Error> unavailable(const char* what) {
  return fail(Code::kFailedPrecondition, "sandbox.unavailable",
              std::string("the sandbox cannot be entered: ") + what + ": " + std::strerror(errno));
}

Status set_limit(__rlimit_resource resource, std::uint64_t value, const char* what) {
  rlimit current{};
  if (::getrlimit(resource, &current) != 0) return unavailable(what);
  const auto wanted = static_cast<rlim_t>(value);
  const rlim_t allowed = current.rlim_max == RLIM_INFINITY || wanted < current.rlim_max ? wanted : current.rlim_max;
  const rlimit next{allowed, allowed};
  if (::setrlimit(resource, &next) != 0) return unavailable(what);
  return {};
}

Status set_limits(const SandboxLimits& limits) {
  if (!kReservesAddressSpace) SLIPWAY_CHECK(set_limit(RLIMIT_AS, limits.memory_bytes_max, "limit of memory"));
  SLIPWAY_CHECK(set_limit(RLIMIT_CPU, limits.cpu_seconds_max, "limit of processor time"));
  SLIPWAY_CHECK(set_limit(RLIMIT_FSIZE, limits.file_bytes_max, "limit of written files"));
  SLIPWAY_CHECK(set_limit(RLIMIT_NOFILE, limits.open_files_max, "limit of open files"));
  SLIPWAY_CHECK(set_limit(RLIMIT_NPROC, 0, "limit of processes"));
  SLIPWAY_CHECK(set_limit(RLIMIT_CORE, 0, "limit of core dumps"));
  return {};
}

}  // namespace

Result<SandboxReport> enter_sandbox(const SandboxLimits& limits) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return unavailable("death with the parent");
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return unavailable("no dumps");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return unavailable("no new privileges");
  std::signal(SIGALRM, SIG_DFL);
  ::alarm(limits.wall_seconds_max);
  SandboxReport report;
  report.has_own_network = ::unshare(CLONE_NEWNET) == 0;
  SLIPWAY_CHECK(set_limits(limits));
  if (const Status loaded = load_seccomp_filter(); loaded) {
    report.has_seccomp = true;
  } else if (!limits.allow_without_seccomp) {
    return fail(loaded.error());
  }
  return report;
}

Status forbid_opening_files(const SandboxReport& entered) {
  if (!entered.has_seccomp) return {};
  return load_no_files_filter();
}

}  // namespace slipway

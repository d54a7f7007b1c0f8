#include "runtime/seccomp_filter.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

namespace slipway {
namespace {

struct ReleaseFilter {
  void operator()(void* filter) const noexcept { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

// Remembers the first failure, so that a list of rules reads as a list.
class Rules {
 public:
  explicit Rules(std::uint32_t otherwise) : filter_(::seccomp_init(otherwise)) {
    if (!filter_) error_ = -ENOMEM;
    // no_new_privs is set already, and setting it again is not on the list.
    keep(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_NNP, 0));
  }
  void add(std::uint32_t action, std::initializer_list<int> calls) {
    for (const int call : calls) keep(::seccomp_rule_add_array(filter_.get(), action, call, 0, nullptr));
  }
  void add(std::uint32_t action, int call, const scmp_arg_cmp& argument) {
    keep(::seccomp_rule_add_array(filter_.get(), action, call, 1, &argument));
  }
  Status load() {
    if (error_ == 0) keep(::seccomp_load(filter_.get()));
    if (error_ == 0) return {};
    return fail(
        Code::kFailedPrecondition, "sandbox.unavailable",
        std::string("seccomp cannot be had here (") + std::strerror(-error_) +
            "); allow it in the container, or allow probing without it if you trust every model that is pushed");
  }

 private:
  void keep(int result) {
    if (error_ == 0 && result < 0) error_ = result;
  }
  Filter filter_;
  int error_ = 0;
};

}  // namespace

Status load_seccomp_filter() {
  Rules rules(SCMP_ACT_ERRNO(EPERM));
  // Memory, never executable.
  rules.add(SCMP_ACT_ALLOW, {SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  // Files: reading, and writing to what is open already.
  rules.add(SCMP_ACT_ALLOW,
            {SCMP_SYS(read),       SCMP_SYS(pread64),    SCMP_SYS(readv),  SCMP_SYS(write),     SCMP_SYS(writev),
             SCMP_SYS(lseek),      SCMP_SYS(close),      SCMP_SYS(dup),    SCMP_SYS(fcntl),     SCMP_SYS(fstat),
             SCMP_SYS(newfstatat), SCMP_SYS(stat),       SCMP_SYS(lstat),  SCMP_SYS(statx),     SCMP_SYS(getdents64),
             SCMP_SYS(readlink),   SCMP_SYS(readlinkat), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(getcwd),
             SCMP_SYS(poll),       SCMP_SYS(ppoll)});
  constexpr unsigned kWriting = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY));
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY));
  // Threads, but no processes. clone3 hides its flags behind a pointer; glibc falls back to clone on ENOSYS.
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  rules.add(SCMP_ACT_ERRNO(ENOSYS), {SCMP_SYS(clone3)});
  rules.add(SCMP_ACT_ALLOW, {SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
                             SCMP_SYS(sched_getaffinity), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(exit),
                             SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigaction),
                             SCMP_SYS(rt_sigprocmask), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())));  // abort()
  // Time and harmless facts.
  rules.add(SCMP_ACT_ALLOW,
            {SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
             SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getcpu), SCMP_SYS(sysinfo),
             SCMP_SYS(uname), SCMP_SYS(getrusage), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
             SCMP_SYS(getegid), SCMP_SYS(seccomp)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0));  // asking, not setting
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  rules.add(SCMP_ACT_ALLOW, {SCMP_SYS(pipe), SCMP_SYS(pipe2)});  // how sanitizers test whether memory can be read
#endif
  // Nothing that computes a prediction calls these: an attempt is an attack, so end it.
  rules.add(SCMP_ACT_KILL_PROCESS, {SCMP_SYS(socket),
                                    SCMP_SYS(socketpair),
                                    SCMP_SYS(connect),
                                    SCMP_SYS(bind),
                                    SCMP_SYS(listen),
                                    SCMP_SYS(accept),
                                    SCMP_SYS(accept4),
                                    SCMP_SYS(sendto),
                                    SCMP_SYS(sendmsg),
                                    SCMP_SYS(sendmmsg),
                                    SCMP_SYS(execve),
                                    SCMP_SYS(execveat),
                                    SCMP_SYS(fork),
                                    SCMP_SYS(vfork),
                                    SCMP_SYS(ptrace),
                                    SCMP_SYS(process_vm_readv),
                                    SCMP_SYS(process_vm_writev),
                                    SCMP_SYS(kill),
                                    SCMP_SYS(tkill),
                                    SCMP_SYS(mount),
                                    SCMP_SYS(umount2),
                                    SCMP_SYS(pivot_root),
                                    SCMP_SYS(chroot),
                                    SCMP_SYS(unshare),
                                    SCMP_SYS(setns),
                                    SCMP_SYS(bpf),
                                    SCMP_SYS(perf_event_open),
                                    SCMP_SYS(userfaultfd),
                                    SCMP_SYS(io_uring_setup),
                                    SCMP_SYS(keyctl),
                                    SCMP_SYS(add_key),
                                    SCMP_SYS(init_module),
                                    SCMP_SYS(finit_module),
                                    SCMP_SYS(kexec_load),
                                    SCMP_SYS(memfd_create)});
  return rules.load();
}

Status load_no_files_filter() {
  Rules rules(SCMP_ACT_ALLOW);
  rules.add(SCMP_ACT_ERRNO(EPERM), {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(getdents64)});
  return rules.load();
}

}  // namespace slipway

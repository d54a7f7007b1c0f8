// Gives this process's rights away for good, before it touches a file that a stranger made.
//
// For a process that lives for one job. Everything here is irrevocable and inherited by threads started later.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace slipway {

struct SandboxLimits {
  std::uint64_t memory_bytes_max = std::uint64_t{8} << 30;  // address space
  std::uint32_t cpu_seconds_max = 60;
  std::uint32_t wall_seconds_max = 60;
  std::uint64_t file_bytes_max = 0;  // of any file written; pipes are not files
  std::uint32_t open_files_max = 256;
  bool allow_without_seccomp = false;  // go on where the kernel or a container denies seccomp
};

// How far the sandbox got.
struct SandboxReport {
  bool has_seccomp = false;
  bool has_own_network = false;  // a network namespace with nothing in it; needs a privilege that containers often deny
};

// Dies with its parent; no core dump, no ptrace, no new privileges; limits on memory, time, files; no new processes.
// Then a seccomp allow-list: memory, time, threads, reading files. Network, programs, signals to others, kernel
// interfaces end the process; what is merely not on the list fails with EPERM. Fails with failed_precondition
// "sandbox.unavailable" when seccomp cannot be had and limits.allow_without_seccomp is off.
Result<SandboxReport> enter_sandbox(const SandboxLimits& limits);

// On top: no more opening of files. Call when everything needed is open. Does nothing where there is no seccomp.
Status forbid_opening_files(const SandboxReport& entered);

}  // namespace slipway

// The machine that a run ran on, as far as it can change what is computed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slipway::reproduce {

struct Machine {
  std::string architecture;            // "x86_64"
  std::string cpu;                     // model name
  std::vector<std::string> cpu_flags;  // those that numeric libraries choose their code by, sorted
  std::uint64_t cores = 0;             // that this process may use
  std::vector<std::string> gpus;       // "NVIDIA H100 80GB HBM3, driver 550.54.15", in the driver's order
  std::string kernel;                  // "Linux 6.1.0"
  std::string libc;                    // "glibc 2.36"
  std::uint64_t memory_bytes = 0;
  std::string system;  // "Debian GNU/Linux 12 (bookworm)"
  bool operator==(const Machine&) const = default;
};

// What cannot be found out is empty or 0.
Machine this_machine();

// "CPU: Intel Xeon -> AMD EPYC", a line for each difference that may explain other numbers. Pure.
std::vector<std::string> machine_differences(const Machine& recorded, const Machine& now);

// The model name and the flags of the first processor of a /proc/cpuinfo. Pure.
void read_cpu_information(std::string_view text, Machine& machine);

}  // namespace slipway::reproduce

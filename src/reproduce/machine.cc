#include "reproduce/machine.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <gnu/libc-version.h>
#include <iterator>
#include <sched.h>
#include <sstream>
#include <sys/utsname.h>
#include <unistd.h>

#include "reproduce/process.h"

namespace slipway::reproduce {
namespace {

// NumPy, OpenBLAS, oneDNN and Eigen choose their kernels by these.
constexpr std::array<std::string_view, 18> kNumericFlags = {
    "amx_bf16", "amx_int8",    "amx_tile", "asimd",    "asimdhp",  "avx", "avx2",   "avx512_bf16", "avx512_fp16",
    "avx512bw", "avx512_vnni", "avx512f",  "avx512vl", "avx_vnni", "fma", "sse4_2", "sve",         "sve2"};

std::string read_text(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string_view value_of_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return {};
  const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
  return begin == line.npos ? std::string_view() : line.substr(begin);
}

std::string pretty_system_name(const std::string& release) {
  constexpr std::string_view kKey = "PRETTY_NAME=";
  std::istringstream lines(release);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kKey)) continue;
    std::string name = line.substr(kKey.size());
    std::erase(name, '"');
    return name;
  }
  return "";
}

std::uint64_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  return static_cast<std::uint64_t>(CPU_COUNT(&set));
}

std::vector<std::string> read_gpus() {
  ProcessSettings settings;
  settings.arguments = {"nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"};
  settings.timeout = std::chrono::seconds(10);
  const auto end = run_captured(settings);
  std::vector<std::string> gpus;
  if (!end || !end->is_success()) return gpus;
  std::istringstream lines(end->out);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t comma = line.find(", ");
    if (comma != line.npos) gpus.push_back(line.substr(0, comma) + ", driver " + line.substr(comma + 2));
  }
  return gpus;
}

void add_difference(std::vector<std::string>& lines, std::string_view what, const std::string& recorded,
                    const std::string& now) {
  if (recorded != now) {
    lines.push_back(
        fmt::format("{}: {} -> {}", what, recorded.empty() ? "unknown" : recorded, now.empty() ? "unknown" : now));
  }
}

std::string flag_changes(const Machine& recorded, const Machine& now) {
  std::vector<std::string> changes;
  for (const std::string& flag : recorded.cpu_flags) {
    if (!std::binary_search(now.cpu_flags.begin(), now.cpu_flags.end(), flag)) changes.push_back("-" + flag);
  }
  for (const std::string& flag : now.cpu_flags) {
    if (!std::binary_search(recorded.cpu_flags.begin(), recorded.cpu_flags.end(), flag)) changes.push_back("+" + flag);
  }
  return fmt::format("{}", fmt::join(changes, " "));
}

}  // namespace

void read_cpu_information(std::string_view text, Machine& machine) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() && !machine.cpu_flags.empty()) return;  // the next processor
    if (line.starts_with("model name")) machine.cpu = value_of_line(line);
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words{std::string(value_of_line(line))};
    for (std::string word; words >> word;) {
      if (std::find(kNumericFlags.begin(), kNumericFlags.end(), word) != kNumericFlags.end())
        machine.cpu_flags.push_back(word);
    }
    std::sort(machine.cpu_flags.begin(), machine.cpu_flags.end());
  }
}

Machine this_machine() {
  Machine machine;
  utsname names{};
  if (uname(&names) == 0) {
    machine.architecture = names.machine;
    machine.kernel = fmt::format("{} {}", names.sysname, names.release);
  }
  read_cpu_information(read_text("/proc/cpuinfo"), machine);
  machine.cores = usable_cores();
  machine.gpus = read_gpus();
  machine.libc = fmt::format("glibc {}", gnu_get_libc_version());
  machine.memory_bytes =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
  machine.system = pretty_system_name(read_text("/etc/os-release"));
  return machine;
}

std::vector<std::string> machine_differences(const Machine& recorded, const Machine& now) {
  std::vector<std::string> lines;
  add_difference(lines, "architecture", recorded.architecture, now.architecture);
  add_difference(lines, "CPU", recorded.cpu, now.cpu);
  if (recorded.cpu_flags != now.cpu_flags) lines.push_back("CPU flags: " + flag_changes(recorded, now));
  add_difference(lines, "cores", std::to_string(recorded.cores), std::to_string(now.cores));
  add_difference(lines, "GPUs", fmt::format("{}", fmt::join(recorded.gpus, "; ")),
                 fmt::format("{}", fmt::join(now.gpus, "; ")));
  add_difference(lines, "libc", recorded.libc, now.libc);
  add_difference(lines, "system", recorded.system, now.system);
  return lines;
}

}  // namespace slipway::reproduce

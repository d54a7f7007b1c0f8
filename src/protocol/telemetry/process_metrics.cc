#include "protocol/telemetry/process_metrics.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace slipway {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_small_file(const char* path) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (text.empty()) return fail(Code::kUnavailable, "telemetry.no_proc", std::string("cannot read ") + path);
  return text;
}

// Seconds since the epoch at which the machine started: the "btime" line of /proc/stat.
Result<double> boot_time() {
  SLIPWAY_TRY(const std::string text, read_small_file("/proc/stat"));
  const std::size_t at = text.find("\nbtime ");
  if (at == text.npos) return fail(Code::kUnavailable, "telemetry.no_proc", "/proc/stat has no btime");
  return std::stod(text.substr(at + 7, 20));
}

std::uint64_t count_open_files() {
  std::error_code ignored;
  std::uint64_t count = 0;
  for (fs::directory_iterator it("/proc/self/fd", ignored), end; it != end; it.increment(ignored)) ++count;
  return count > 0 ? count - 1 : 0;  // one of them is the directory that is being read
}

void append(std::vector<metrics::Family>& families, const char* name, const char* help, metrics::Type type,
            double value) {
  families.push_back({name, help, type, {}, {metrics::Sample{{}, value, {}}}});
}

}  // namespace

Result<ProcessStats> read_process_stats() {
  SLIPWAY_TRY(const std::string stat, read_small_file("/proc/self/stat"));
  SLIPWAY_TRY(const double boot_seconds, boot_time());
  // proc(5): the second field is the name in parentheses, which may itself contain anything; fields count from 3 after
  // it.
  const std::size_t end_of_name = stat.rfind(')');
  if (end_of_name == stat.npos) return fail(Code::kUnavailable, "telemetry.no_proc", "/proc/self/stat is malformed");
  std::istringstream rest(stat.substr(end_of_name + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  if (fields.size() < 22) return fail(Code::kUnavailable, "telemetry.no_proc", "/proc/self/stat is too short");
  const auto field = [&](std::size_t number) { return std::stoull(fields[number - 3]); };

  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  ProcessStats stats;
  stats.cpu_seconds = static_cast<double>(field(14) + field(15)) / ticks;
  stats.threads = field(20);
  stats.start_time_seconds = boot_seconds + static_cast<double>(field(22)) / ticks;
  stats.virtual_memory_bytes = field(23);
  stats.resident_memory_bytes = field(24) * page_bytes;
  stats.open_files = count_open_files();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.open_files_max = limit.rlim_cur;
  return stats;
}

void collect_process_metrics(std::vector<metrics::Family>& families) {
  const auto stats = read_process_stats();
  if (!stats) return;
  using enum metrics::Type;
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  append(families, "process_cpu_seconds_total", "User and system CPU time spent in seconds.", kCounter,
         stats->cpu_seconds);
  append(families, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", kGauge,
         stats->start_time_seconds);
  append(families, "process_resident_memory_bytes", "Resident memory size in bytes.", kGauge,
         number(stats->resident_memory_bytes));
  append(families, "process_virtual_memory_bytes", "Virtual memory size in bytes.", kGauge,
         number(stats->virtual_memory_bytes));
  append(families, "process_threads", "Number of operating system threads.", kGauge, number(stats->threads));
  append(families, "process_open_fds", "Number of open file descriptors.", kGauge, number(stats->open_files));
  append(families, "process_max_fds", "Maximum number of open file descriptors.", kGauge,
         number(stats->open_files_max));
}

}  // namespace slipway

// What the operating system knows of this process, under the names that every Prometheus client library uses.
#pragma once

#include <cstdint>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"

namespace slipway {

struct ProcessStats {
  double cpu_seconds = 0;         // user and system, all threads
  double start_time_seconds = 0;  // since the epoch
  std::uint64_t resident_memory_bytes = 0;
  std::uint64_t virtual_memory_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_files = 0;
  std::uint64_t open_files_max = 0;
};

// From /proc/self. A few dozen microseconds, growing with the number of open files.
Result<ProcessStats> read_process_stats();

// Appends process_cpu_seconds_total, process_resident_memory_bytes, … ; nothing when /proc cannot be read.
void collect_process_metrics(std::vector<metrics::Family>& families);

}  // namespace slipway

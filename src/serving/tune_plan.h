// What measured runs of a model say of its batch policy. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "serving/batch_policy.h"

namespace slipway {

// `instances` threads ran the model at the same time, each on `rows` rows, again and again.
struct TunePoint {
  std::uint32_t rows = 1;
  std::uint32_t instances = 1;
  double run_p50_us = 0;
  double run_p99_us = 0;
  double rows_per_s = 0;  // of all instances together
};

struct TuneGoal {
  std::chrono::microseconds latency_max{10'000};  // in the server: waiting for a run, and a run
  std::chrono::microseconds inline_run_max{100};  // longest run of one row on an I/O thread
};

struct TuneProposal {
  TunePoint chosen;  // what the batches of the policy are like when full
  double gain = 1;   // its rows a second, to those of one instance and one row
  // Runs stand on the I/O threads: as many of these as chosen.instances. Nothing waits for others there.
  bool is_inline = false;
  bool is_in_time = true;  // false: not even one row on one instance can be answered within latency_max
  BatchPolicy policy;
};

// A request that comes when all instances have just begun waits for one run and has its own, so twice the run's p99 is
// what must not exceed latency_max. Of the points that are in time and reach 95 % of the best rate, the one with the
// fewest instances, then the fewest rows. Precondition: one of `points` has one row and one instance.
TuneProposal propose_policy(std::span<const TunePoint> points, const TuneGoal& goal);

// The policy's `batch:` section, in YAML, that parse_policy() reads as `policy`; only what differs from the defaults.
std::string batch_section(const BatchPolicy& policy);

}  // namespace slipway

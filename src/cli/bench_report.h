// What `slipway bench` prints. Pure.
#pragma once

#include <string>
#include <vector>

#include "loadtest/load.h"

namespace slipway::cli {

struct BenchPoint {
  double rate_per_s = 0;  // asked for; 0: closed loop
  loadtest::LoadResult result;
};

struct BenchSubject {
  std::string url;
  std::string model;
  std::size_t connections = 0;
  std::size_t threads = 0;
  bool is_binary = false;
  std::size_t request_bytes = 0;  // of the first request's body
};

std::string bench_table(const BenchSubject& subject, const std::vector<BenchPoint>& points);
std::string bench_json(const BenchSubject& subject, const std::vector<BenchPoint>& points);

}  // namespace slipway::cli

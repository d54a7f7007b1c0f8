// What `slipway bench` sends, and where.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/context.h"
#include "loadtest/load.h"

namespace slipway::cli {

struct BenchArguments {
  std::string url;
  std::string model;
  std::string input;
  std::vector<std::string> shapes;
  std::vector<double> rates;
  std::string arrivals = "poisson";
  std::size_t connections = 16;
  std::size_t threads = 1;
  std::size_t distinct = 16;
  std::uint64_t seed = 1;
  double duration_s = 10;
  double warmup_s = 1;
  double grace_s = 10;
  std::int64_t rows = 1;
  bool is_binary = false;
};

struct BenchAddress {
  bool is_grpc = false;
  std::string host;
  std::string port;
  std::string path;  // before /v2; no slash at the end
  std::string authority;
};

struct BenchRequests {
  std::vector<loadtest::Request> requests;
  std::vector<std::pair<std::string, std::string>> metadata;  // gRPC: with each call
  std::size_t body_bytes = 0;                                 // of the first: without the head
};

// http://HOST:PORT[/PATH] or grpc://HOST:PORT.
Result<BenchAddress> parse_bench_address(std::string_view url);

// Asks the server what the model takes, where no file says it.
Result<BenchRequests> bench_requests(const BenchArguments& arguments, const BenchAddress& address,
                                     const GlobalOptions& options);

}  // namespace slipway::cli

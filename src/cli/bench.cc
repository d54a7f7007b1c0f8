#include "cli/bench.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <ostream>

#include "cli/bench_report.h"
#include "cli/bench_requests.h"
#include "cli/context.h"
#include "cli/exit_code.h"

namespace slipway::cli {
namespace {

std::chrono::nanoseconds seconds(double count) { return std::chrono::nanoseconds(std::llround(count * 1e9)); }

Status bench(const BenchArguments& arguments, Context& context) {
  if (arguments.connections < arguments.threads) return usage_error("--threads is more than --connections");
  if (!arguments.input.empty() && arguments.is_binary) return usage_error("--input is JSON; leave --binary out");
  SLIPWAY_TRY(const BenchAddress address, parse_bench_address(arguments.url));
  if (address.is_grpc && !arguments.input.empty()) return usage_error("--input is JSON, which gRPC does not take");
  SLIPWAY_TRY(const BenchRequests sent, bench_requests(arguments, address, context.options));
  loadtest::LoadSettings settings;
  settings.host = address.host;
  settings.port = address.port;
  settings.metadata = sent.metadata;
  settings.connections = arguments.connections;
  settings.threads = arguments.threads;
  settings.arrivals = arguments.arrivals == "constant" ? loadtest::Arrivals::kConstant : loadtest::Arrivals::kPoisson;
  settings.warmup = seconds(arguments.warmup_s);
  settings.duration = seconds(arguments.duration_s);
  settings.grace = seconds(arguments.grace_s);
  settings.seed = arguments.seed;
  watch_for_interrupt();
  settings.is_stopped = &is_interrupted;

  std::vector<BenchPoint> points;
  const std::vector<double> rates = arguments.rates.empty() ? std::vector<double>{0} : arguments.rates;
  for (const double rate : rates) {
    if (is_interrupted()) break;
    settings.rate_per_s = rate;
    auto result = address.is_grpc ? loadtest::run_grpc_load(sent.requests, settings)
                                  : loadtest::run_http_load(sent.requests, settings);
    if (!result) return fail(std::move(result).error());
    points.push_back({rate, *std::move(result)});
  }
  const BenchSubject subject{
      arguments.url,  arguments.model, arguments.connections, arguments.threads, arguments.is_binary || address.is_grpc,
      sent.body_bytes};
  context.out << (context.options.is_json ? bench_json(subject, points) : bench_table(subject, points));
  for (const BenchPoint& point : points) {
    if (point.result.succeeded == 0) return fail(Code::kUnavailable, "bench.no_answer", "no request succeeded");
  }
  return {};
}

}  // namespace

void add_bench_command(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<BenchArguments>();
  CLI::App* command = app.add_subcommand("bench", "Load a model's endpoint and measure it");
  command->footer(
      "The server may be any that speaks the Open Inference Protocol (version 2), over HTTP or over gRPC (grpc://).\n"
      "Without --rates each connection sends its next request when the last is answered (closed loop).\n"
      "With --rates requests leave on time whatever the server does, and latency counts from when they were due.\n\n"
      "Examples:\n  slipway bench http://127.0.0.1:8080 iris\n"
      "  slipway bench http://127.0.0.1:8080 iris@1.0.0 --binary --rates 1000,2000,4000 --duration 10s\n"
      "  slipway bench grpc://127.0.0.1:9000 iris");
  command->add_option("url", arguments->url, "Address of the server")->required()->type_name("URL");
  command->add_option("model", arguments->model, "What to call")->required()->type_name("NAME[@VERSION]");
  command->add_option("--connections", arguments->connections, "Connections kept open")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--threads", arguments->threads, "Threads that share the connections")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  const auto add_seconds = [command](const char* name, double& value, const char* meaning) {
    const std::map<std::string, double> units{{"ms", 0.001}, {"s", 1}, {"m", 60}};
    command->add_option(name, value, meaning)
        ->transform(CLI::AsNumberWithUnit(units))
        ->check(CLI::Range(0.0, 86'400.0))
        ->type_name("TIME")
        ->capture_default_str();
  };
  add_seconds("--duration", arguments->duration_s, "How long to measure, for each rate: 500ms, 10s, 2m");
  add_seconds("--warmup", arguments->warmup_s, "How long to send before measuring, for each rate");
  add_seconds("--grace", arguments->grace_s, "How long to wait for answers after the end");
  command->add_option("--rate,--rates", arguments->rates, "Open loop: requests a second, one measurement for each")
      ->delimiter(',')
      ->check(CLI::Range(0.01, 10'000'000.0))
      ->type_name("RATE,…");
  command->add_option("--arrivals", arguments->arrivals, "How an open loop's requests are spaced")
      ->check(CLI::IsMember({"poisson", "constant"}))
      ->capture_default_str();
  command->add_flag("--binary", arguments->is_binary, "Binary tensors instead of JSON; gRPC's always are");
  command->add_option("--rows", arguments->rows, "Rows in a request, where the first dimension is variable")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--shape", arguments->shapes, "Dimensions of an input; may be repeated")
      ->type_name("NAME:1,224")
      ->allow_extra_args(false);
  command->add_option("--input", arguments->input, "Body of an infer request to send, instead of made inputs")
      ->type_name("FILE.json");
  command->add_option("--distinct", arguments->distinct, "Different bodies that take turns")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "Of inputs and arrivals")->capture_default_str();
  command->callback([arguments, &context] { context.status = bench(*arguments, context); });
}

}  // namespace slipway::cli

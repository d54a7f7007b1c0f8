#include "cli/bench.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>

#include "cli/bench_report.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/json_fields.h"
#include "loadtest/payload.h"

namespace slipway::cli {
namespace {

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

struct Address {
  std::string host;
  std::string port;
  std::string path;  // before /v2; no slash at the end
  std::string authority;
};

Result<Address> parse_address(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) {
    return usage_error(fmt::format("{} does not begin with http://; a load is sent without TLS", url));
  }
  url.remove_prefix(kScheme.size());
  while (url.ends_with('/')) url.remove_suffix(1);
  const std::size_t slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  const std::size_t colon = bracket == authority.npos ? authority.npos : authority.find(':', bracket);
  Address address{std::string(authority.substr(0, colon)), "80", std::string(url.substr(slash)),
                  std::string(authority)};
  if (colon != authority.npos) address.port = authority.substr(colon + 1);
  if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
  if (address.host.empty() || address.port.empty() ||
      address.port.find_first_not_of("0123456789") != address.port.npos) {
    return usage_error(fmt::format("http://{} is no address; give http://HOST:PORT", url));
  }
  return address;
}

// "NAME" or "NAME@VERSION", as a path under the server's address.
std::string model_path(const std::string& model) {
  const std::size_t at = model.rfind('@');
  std::string path = "/v2/models/" + percent_encoded(model.substr(0, at));
  if (at != model.npos) path += "/versions/" + percent_encoded(model.substr(at + 1));
  return path;
}

Result<loadtest::PayloadSettings> payload_settings(const BenchArguments& arguments) {
  loadtest::PayloadSettings settings{arguments.rows, arguments.is_binary, {}, arguments.seed};
  for (const std::string& text : arguments.shapes) {
    const std::size_t colon = text.rfind(':');
    std::vector<std::int64_t> shape;
    for (const std::string& part : CLI::detail::split(colon == text.npos ? "" : text.substr(colon + 1), ',')) {
      if (part.empty() || part.size() > 12 || part.find_first_not_of("0123456789") != part.npos) {
        return usage_error(fmt::format("--shape {} is not NAME:DIMENSION,DIMENSION", text));
      }
      shape.push_back(std::stoll(part));
    }
    if (shape.empty()) return usage_error(fmt::format("--shape {} is not NAME:DIMENSION,DIMENSION", text));
    settings.shapes[text.substr(0, colon)] = std::move(shape);
  }
  return settings;
}

Result<std::vector<TensorSpec>> inputs_of(const std::string& metadata) {
  SLIPWAY_TRY(const json::value value, parse_json(metadata));
  std::vector<TensorSpec> inputs;
  for (const json::value& entry : array_at(as_object(value), "inputs")) {
    const json::object& object = as_object(entry);
    const std::string type = text_at(object, "datatype");
    const auto parsed = parse_data_type(type);
    TensorSpec input{text_at(object, "name"), parsed.value_or(DataType::kFp32), {}};
    if (!parsed) {
      return fail(
          Code::kUnimplemented, "bench.datatype",
          fmt::format("input '{}' has the type '{}', which the Open Inference Protocol lacks", input.name, type));
    }
    for (const json::value& dimension : array_at(object, "shape")) {
      boost::system::error_code error;
      input.shape.push_back(dimension.to_number<std::int64_t>(error));
      if (error) return fail(Code::kUnavailable, "cli.bad_reply", "a dimension in the model's metadata is no number");
    }
    inputs.push_back(std::move(input));
  }
  if (inputs.empty()) return fail(Code::kUnavailable, "bench.metadata", "the model's metadata has no inputs");
  return inputs;
}

Result<loadtest::Payload> payload_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  loadtest::Payload payload{{std::istreambuf_iterator<char>(file), {}}, 0, 1};
  if (!file) return fail(Code::kNotFound, "cli.unreadable_file", fmt::format("cannot read {}", path));
  SLIPWAY_TRY(const json::value value, parse_json(payload.body));
  const json::array& inputs = array_at(as_object(value), "inputs");
  if (inputs.empty()) return usage_error(fmt::format("{} has no \"inputs\"; give the body of an infer request", path));
  const json::array& shape = array_at(as_object(inputs[0]), "shape");
  if (!shape.empty() && shape[0].is_int64() && shape[0].as_int64() > 0) {
    payload.rows = static_cast<std::uint64_t>(shape[0].as_int64());
  }
  return payload;
}

Result<std::vector<loadtest::Payload>> payloads(const BenchArguments& arguments, const GlobalOptions& options) {
  std::vector<loadtest::Payload> made;
  if (!arguments.input.empty()) {
    SLIPWAY_TRY(auto payload, payload_of_file(arguments.input));
    made.push_back(std::move(payload));
    return made;
  }
  SLIPWAY_TRY(auto settings, payload_settings(arguments));
  GlobalOptions server = options;
  server.server = arguments.url;
  SLIPWAY_TRY(Api api, Api::connect(server));
  SLIPWAY_TRY(const std::string metadata, api.get(model_path(arguments.model)));
  SLIPWAY_TRY(const auto inputs, inputs_of(metadata));
  for (std::size_t i = 0; i < arguments.distinct; ++i, ++settings.seed) {
    SLIPWAY_TRY(auto payload, loadtest::make_payload(inputs, settings));
    made.push_back(std::move(payload));
  }
  return made;
}

Result<loadtest::Request> request_of(const loadtest::Payload& payload, const Address& address,
                                     const BenchArguments& arguments, const GlobalOptions& options) {
  SLIPWAY_TRY(const Secret key, read_key(options));
  loadtest::Request request{{}, payload.rows};
  request.bytes = fmt::format("POST {}{}/infer HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n", address.path,
                              model_path(arguments.model), address.authority, payload.body.size());
  if (payload.json_bytes == 0) {
    request.bytes += "Content-Type: application/json\r\n";
  } else {
    request.bytes += fmt::format("Content-Type: application/octet-stream\r\nInference-Header-Content-Length: {}\r\n",
                                 payload.json_bytes);
  }
  if (!key.is_empty()) request.bytes += fmt::format("Authorization: Bearer {}\r\n", key.reveal());
  if (options.claimed_name.find_first_of("\r\n") != std::string::npos) return usage_error("--as holds a line break");
  if (!options.claimed_name.empty()) request.bytes += fmt::format("Slipway-Principal: {}\r\n", options.claimed_name);
  request.bytes += "\r\n" + payload.body;
  return request;
}

std::chrono::nanoseconds seconds(double count) { return std::chrono::nanoseconds(std::llround(count * 1e9)); }

Status bench(const BenchArguments& arguments, Context& context) {
  if (arguments.connections < arguments.threads) return usage_error("--threads is more than --connections");
  if (!arguments.input.empty() && arguments.is_binary) return usage_error("--input is JSON; leave --binary out");
  SLIPWAY_TRY(const Address address, parse_address(arguments.url));
  SLIPWAY_TRY(const auto bodies, payloads(arguments, context.options));
  std::vector<loadtest::Request> requests;
  for (const loadtest::Payload& payload : bodies) {
    SLIPWAY_TRY(auto request, request_of(payload, address, arguments, context.options));
    requests.push_back(std::move(request));
  }
  loadtest::LoadSettings settings;
  settings.host = address.host;
  settings.port = address.port;
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
    SLIPWAY_TRY(auto result, loadtest::run_load(requests, settings));
    points.push_back({rate, std::move(result)});
  }
  const BenchSubject subject{arguments.url,     arguments.model,     arguments.connections,
                             arguments.threads, arguments.is_binary, bodies[0].body.size()};
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
      "The server may be any that speaks the Open Inference Protocol (version 2) over HTTP.\n"
      "Without --rates each connection sends its next request when the last is answered (closed loop).\n"
      "With --rates requests leave on time whatever the server does, and latency counts from when they were due.\n\n"
      "Examples:\n  slipway bench http://127.0.0.1:8080 iris\n"
      "  slipway bench http://127.0.0.1:8080 iris@1.0.0 --binary --rates 1000,2000,4000 --duration 10s");
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
  command->add_flag("--binary", arguments->is_binary, "Binary tensors instead of JSON");
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

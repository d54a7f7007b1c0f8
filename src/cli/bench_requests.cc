#include "cli/bench_requests.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

#include "cli/exit_code.h"
#include "cli/json_fields.h"
#include "loadtest/grpc_model.h"
#include "loadtest/payload.h"

namespace slipway::cli {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Of "NAME" or "NAME@VERSION".
std::pair<std::string, std::string> name_and_version(const std::string& model) {
  const std::size_t at = model.rfind('@');
  return {model.substr(0, at), at == model.npos ? "" : model.substr(at + 1)};
}

// As a path under the server's address.
std::string model_path(const std::string& model) {
  const auto [name, version] = name_and_version(model);
  return "/v2/models/" + percent_encoded(name) + (version.empty() ? "" : "/versions/" + percent_encoded(version));
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
    std::vector<std::int64_t> shape;
    for (const json::value& dimension : array_at(object, "shape")) {
      boost::system::error_code error;
      shape.push_back(dimension.to_number<std::int64_t>(error));
      if (error) return fail(Code::kUnavailable, "cli.bad_reply", "a dimension in the model's metadata is no number");
    }
    SLIPWAY_TRY(inputs.emplace_back(),
                loadtest::declared_input(text_at(object, "name"), text_at(object, "datatype"), std::move(shape)));
  }
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

// Who asks.
Result<Headers> caller_headers(const GlobalOptions& options) {
  SLIPWAY_TRY(const Secret key, read_key(options));
  Headers headers;
  if (!key.is_empty()) headers.emplace_back("authorization", "Bearer " + std::string(key.reveal()));
  if (options.claimed_name.find_first_of("\r\n") != std::string::npos) return usage_error("--as holds a line break");
  if (!options.claimed_name.empty()) headers.emplace_back("slipway-principal", options.claimed_name);
  return headers;
}

Result<std::vector<TensorSpec>> declared_inputs(const BenchArguments& arguments, const BenchAddress& address,
                                                const Headers& headers, const GlobalOptions& options) {
  if (address.is_grpc) {
    const auto [name, version] = name_and_version(arguments.model);
    auto inputs =
        loadtest::grpc_model_inputs(loadtest::grpc_target(address.host, address.port), name, version, headers);
    if (!inputs && inputs.error().reason == "bench.unreachable") inputs.error().reason = kUnreachableReason;
    return inputs;
  }
  GlobalOptions server = options;
  server.server = arguments.url;
  SLIPWAY_TRY(Api api, Api::connect(server));
  SLIPWAY_TRY(const std::string metadata, api.get(model_path(arguments.model)));
  return inputs_of(metadata);
}

Result<std::vector<loadtest::Payload>> payloads(const BenchArguments& arguments, const BenchAddress& address,
                                                const Headers& headers, const GlobalOptions& options) {
  std::vector<loadtest::Payload> made;
  if (!arguments.input.empty()) {
    SLIPWAY_TRY(made.emplace_back(), payload_of_file(arguments.input));
    return made;
  }
  SLIPWAY_TRY(auto settings, payload_settings(arguments));
  SLIPWAY_TRY(const auto inputs, declared_inputs(arguments, address, headers, options));
  if (inputs.empty()) return fail(Code::kUnavailable, "bench.metadata", "the model's metadata has no inputs");
  const auto [name, version] = name_and_version(arguments.model);
  for (std::size_t i = 0; i < arguments.distinct; ++i, ++settings.seed) {
    if (address.is_grpc) {
      SLIPWAY_TRY(made.emplace_back(), loadtest::make_grpc_payload(inputs, settings, name, version));
    } else {
      SLIPWAY_TRY(made.emplace_back(), loadtest::make_payload(inputs, settings));
    }
  }
  return made;
}

loadtest::Request http_request(const loadtest::Payload& payload, const BenchAddress& address, const std::string& model,
                               const Headers& headers) {
  loadtest::Request request{{}, payload.rows};
  request.bytes = fmt::format("POST {}{}/infer HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n", address.path,
                              model_path(model), address.authority, payload.body.size());
  if (payload.json_bytes == 0) {
    request.bytes += "Content-Type: application/json\r\n";
  } else {
    request.bytes += fmt::format("Content-Type: application/octet-stream\r\nInference-Header-Content-Length: {}\r\n",
                                 payload.json_bytes);
  }
  for (const auto& [key, value] : headers) request.bytes += fmt::format("{}: {}\r\n", key, value);
  request.bytes += "\r\n" + payload.body;
  return request;
}

}  // namespace

Result<BenchAddress> parse_bench_address(std::string_view url) {
  const bool is_grpc = url.starts_with("grpc://");
  if (!is_grpc && !url.starts_with("http://")) {
    return usage_error(fmt::format("{} does not begin with http:// or grpc://; a load is sent without TLS", url));
  }
  url.remove_prefix(std::string_view("http://").size());
  while (url.ends_with('/')) url.remove_suffix(1);
  const std::size_t slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  const std::size_t colon = bracket == authority.npos ? authority.npos : authority.find(':', bracket);
  BenchAddress address{is_grpc, std::string(authority.substr(0, colon)), is_grpc ? "" : "80",
                       std::string(url.substr(slash)), std::string(authority)};
  if (colon != authority.npos) address.port = authority.substr(colon + 1);
  if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
  if (address.host.empty() || address.port.empty() ||
      address.port.find_first_not_of("0123456789") != address.port.npos) {
    return usage_error(fmt::format("{} is no address; give http://HOST:PORT or grpc://HOST:PORT", url));
  }
  if (is_grpc && !address.path.empty()) return usage_error("an address of gRPC has no path");
  return address;
}

Result<BenchRequests> bench_requests(const BenchArguments& arguments, const BenchAddress& address,
                                     const GlobalOptions& options) {
  BenchRequests made;
  SLIPWAY_TRY(made.metadata, caller_headers(options));
  SLIPWAY_TRY(auto bodies, payloads(arguments, address, made.metadata, options));
  made.body_bytes = bodies[0].body.size();
  for (loadtest::Payload& payload : bodies) {
    made.requests.push_back(address.is_grpc ? loadtest::Request{std::move(payload.body), payload.rows}
                                            : http_request(payload, address, arguments.model, made.metadata));
  }
  return made;
}

}  // namespace slipway::cli

#include "cli/score_server.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <memory>

#include "cli/json_fields.h"

namespace slipway::cli {
namespace {

std::string model_target(const std::string& name, const std::string& version) {
  std::string target = "/v2/models/" + percent_encoded(name);
  if (!version.empty()) target += "/versions/" + percent_encoded(version);
  return target;
}

Result<std::vector<TensorSpec>> tensors_of(const json::array& entries) {
  std::vector<TensorSpec> tensors;
  for (const json::value& entry : entries) {
    const json::object& object = as_object(entry);
    const auto type = parse_data_type(text_at(object, "datatype"));
    TensorSpec& tensor = tensors.emplace_back(TensorSpec{text_at(object, "name"), type.value_or(DataType::kFp32), {}});
    if (!type) {
      return fail(Code::kUnimplemented, "score.datatype",
                  fmt::format("'{}' has the unknown type '{}'", tensor.name, text_at(object, "datatype")));
    }
    for (const json::value& dimension : array_at(object, "shape")) {
      boost::system::error_code error;
      tensor.shape.push_back(dimension.to_number<std::int64_t>(error));
      if (error) return fail(Code::kUnavailable, "cli.bad_reply", "a dimension in the model's metadata is no number");
    }
  }
  return tensors;
}

std::uint64_t number_in(const std::map<std::string, std::string>& headers, const std::string& name) {
  const auto found = headers.find(name);
  std::uint64_t number = 0;
  if (found == headers.end()) return 0;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

score::Refusal refusal_of(const HttpReply& reply) {
  constexpr std::uint64_t kSecondsMax = 300;
  const std::uint64_t seconds = std::min(number_in(reply.headers, "retry-after"), kSecondsMax);
  return {error_of(reply), std::chrono::seconds(seconds)};
}

tl::expected<score::InferReply, score::Refusal> ask(HttpClient& http, const std::string& target,
                                                    const score::InferBody& body) {
  auto reply = http.post(
      target,
      {"content-type: application/octet-stream", fmt::format("inference-header-content-length: {}", body.json_bytes)},
      body.bytes);
  if (!reply) return tl::unexpected(score::Refusal{std::move(reply).error(), {}});
  if (!reply->is_success()) return tl::unexpected(refusal_of(*reply));
  if (const auto degraded = reply->headers.find("slipway-degraded"); degraded != reply->headers.end()) {
    return tl::unexpected(score::Refusal{{Code::kUnavailable,
                                          std::string(score::kDegradedReason),
                                          "the endpoint's policy answered in the version's place: " + degraded->second,
                                          {}},
                                         {}});
  }
  return score::InferReply{std::move(reply->body), number_in(reply->headers, "inference-header-content-length")};
}

}  // namespace

Result<score::ScoredModel> describe_model(Api& api, const std::string& name, const std::string& version) {
  SLIPWAY_TRY(const std::string body, api.get(model_target(name, version)));
  SLIPWAY_TRY(const json::value metadata, parse_json(body));
  const json::object& object = as_object(metadata);
  score::ScoredModel model;
  model.name = name;
  const json::array& versions = array_at(object, "versions");  // ascending; the last answers when none is named
  if (versions.empty() || !versions.back().is_string()) {
    return fail(Code::kUnavailable, "cli.bad_reply", "the model's metadata names no version");
  }
  model.version = std::string_view(versions.back().as_string());
  SLIPWAY_TRY(model.inputs, tensors_of(array_at(object, "inputs")));
  SLIPWAY_TRY(model.outputs, tensors_of(array_at(object, "outputs")));
  SLIPWAY_TRY(const std::string text, api.get(model_target(name, model.version) + "/config"));
  SLIPWAY_TRY(const json::value config, parse_json(text));
  model.is_batched = count_at(as_object(config), "max_batch_size") > 0;
  return model;
}

Result<std::optional<BoundContract>> fetch_contract(Api& api, const score::ScoredModel& model) {
  const std::string target = fmt::format("/api/v1/models/{}/versions/{}", percent_encoded(model.name), model.version);
  const auto body = api.get(target);
  if (!body) {
    const Code code = body.error().code;
    if (code == Code::kPermissionDenied || code == Code::kNotFound) return std::nullopt;
    return fail(body.error());
  }
  SLIPWAY_TRY(const json::value version, parse_json(*body));
  const std::string path = text_at(object_at(as_object(version), "manifest"), "contract");
  if (path.empty()) return std::nullopt;
  for (const json::value& file : array_at(as_object(version), "files")) {
    if (text_at(as_object(file), "path") != path) continue;
    SLIPWAY_TRY(const std::string yaml, api.get(target + "/blobs/" + text_at(as_object(file), "sha256")));
    SLIPWAY_TRY(const Contract contract, parse_contract(yaml));
    SLIPWAY_TRY(BoundContract bound, BoundContract::bind(contract, model.inputs));
    return bound;
  }
  return std::nullopt;
}

Result<score::Ask> make_ask(const GlobalOptions& options, const score::ScoredModel& model) {
  SLIPWAY_TRY(HttpClient http, connect(options));
  const auto shared = std::make_shared<HttpClient>(std::move(http));  // a std::function is copyable
  return [shared, target = model_target(model.name, model.version) + "/infer"](const score::InferBody& body) {
    return ask(*shared, target, body);
  };
}

}  // namespace slipway::cli

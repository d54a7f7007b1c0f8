#include "protocol/grpc/rpc_route.h"

#include <algorithm>
#include <array>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "base/json_writer.h"
#include "inference.pb.h"

namespace slipway {
namespace {

namespace util = google::protobuf::util;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr std::string_view kModel = "/v2/models/{model}";

template <typename Message>
Result<Message> parse(const std::string& bytes) {
  Message message;
  if (message.ParseFromString(bytes)) return message;
  return fail(Code::kInvalidArgument, "grpc.bad_message",
              "the request is not a " + message.GetTypeName() + " as protobuf encodes it");
}

template <typename Message>
Result<Message> from_json(const std::string& json) {
  util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  Message message;
  const auto status = util::JsonStringToMessage(json, &message, options);
  if (status.ok()) return message;
  return fail(Code::kInternal, "grpc.answer", "the answer cannot be said as " + message.GetTypeName());
}

// Of a route whose JSON has the names of the message.
template <typename Message>
Result<std::string> answer_as(const RouteCall&, const std::string& json) {
  SLIPWAY_TRY(const Message message, from_json<Message>(json));
  return message.SerializeAsString();
}

// The route of a fixed path, whatever the request says.
template <const char* kPattern>
Result<RouteCall> ask_path(const std::string&) {
  return RouteCall{.method = Method::kGet, .pattern = kPattern, .parameters = {}, .body = {}};
}

constexpr char kLivePath[] = "/v2/health/live";
constexpr char kReadyPath[] = "/v2/health/ready";
constexpr char kServerPath[] = "/v2";

RouteCall of_model(const inference::ModelRequest& request, std::string_view what) {
  RouteCall call{.method = Method::kGet, .pattern = std::string(kModel), .parameters = {}, .body = {}};
  call.parameters.emplace_back("model", request.name());
  if (!request.version().empty()) {
    call.pattern += "/versions/{version}";
    call.parameters.emplace_back("version", request.version());
  }
  call.pattern += what;
  return call;
}

constexpr char kMetadata[] = "";
constexpr char kReady[] = "/ready";
constexpr char kConfig[] = "/config";

template <const char* kWhat>
Result<RouteCall> ask_model(const std::string& message) {
  SLIPWAY_TRY(const auto request, parse<inference::ModelRequest>(message));
  return of_model(request, kWhat);
}

Result<RouteCall> ask_statistics(const std::string& message) {
  SLIPWAY_TRY(const auto request, parse<inference::ModelRequest>(message));
  if (!request.name().empty()) return of_model(request, "/stats");
  return RouteCall{.method = Method::kGet, .pattern = "/v2/models/stats", .parameters = {}, .body = {}};
}

Result<std::string> answer_config(const RouteCall&, const std::string& json) {
  inference::ModelConfigResponse response;
  SLIPWAY_TRY(*response.mutable_config(), from_json<inference::ModelConfig>(json));
  return response.SerializeAsString();
}

Result<RouteCall> ask_index(const std::string& message) {
  SLIPWAY_TRY(const auto request, parse<inference::RepositoryIndexRequest>(message));
  RouteCall call{.method = Method::kPost, .pattern = "/v2/repository/index", .parameters = {}, .body = {}};
  if (!request.repository_name().empty()) {
    call.pattern = "/v2/repository/{repository}/index";
    call.parameters.emplace_back("repository", request.repository_name());
  }
  JsonWriter(call.body).begin_object().key("ready").value(request.ready()).end_object();
  return call;
}

Result<std::string> answer_index(const RouteCall& call, const std::string& json) {
  return answer_as<inference::RepositoryIndexResponse>(call, "{\"models\":" + json + "}");
}

constexpr char kLoad[] = "load";
constexpr char kUnload[] = "unload";

template <const char* kVerb>
Result<RouteCall> ask_repository(const std::string& message) {
  SLIPWAY_TRY(const auto request, parse<inference::RepositoryModelRequest>(message));
  RouteCall call{.method = Method::kPost,
                 .pattern = std::string("/v2/repository/models/{model}/") + kVerb,
                 .parameters = {},
                 .body = {}};
  call.parameters.emplace_back("model",
                               request.model_name().empty() ? request.repository_name() : request.model_name());
  JsonWriter json(call.body);
  json.begin_object().key("parameters").begin_object();
  for (const auto& [key, value] : request.parameters()) {
    json.key(key);
    if (value.has_bool_param()) {
      json.value(value.bool_param());
    } else if (value.has_int64_param()) {
      json.value(value.int64_param());
    } else {
      json.value(value.string_param());  // the bytes of a file are refused by their name
    }
  }
  json.end_object().end_object();
  return call;
}

Result<std::string> answer_repository(const RouteCall& call, const std::string&) {
  inference::RepositoryModelResponse response;
  response.set_model_name(call.parameters.front().second);
  response.set_is_done(true);
  return response.SerializeAsString();
}

constexpr char kSystemStatus[] = "/v2/systemsharedmemory/status";
constexpr char kSystemRegister[] = "/v2/systemsharedmemory/region/{region}/register";
constexpr char kSystemUnregister[] = "/v2/systemsharedmemory/unregister";
constexpr char kCudaStatus[] = "/v2/cudasharedmemory/status";
constexpr char kCudaRegister[] = "/v2/cudasharedmemory/region/{region}/register";
constexpr char kCudaUnregister[] = "/v2/cudasharedmemory/unregister";

template <const char* kPattern>
Result<RouteCall> ask_memory_change(const std::string& message) {
  SLIPWAY_TRY(const auto request, parse<inference::SharedMemoryRequest>(message));
  RouteCall call{.method = Method::kPost, .pattern = kPattern, .parameters = {}, .body = "{}"};
  call.parameters.emplace_back("region", request.name());
  return call;
}

Result<std::string> answer_nothing(const RouteCall&, const std::string&) { return std::string(); }

// Nothing set: the settings are asked for.
Result<RouteCall> ask_trace(const std::string& message) {
  SLIPWAY_TRY(const auto request, parse<inference::TraceSettingRequest>(message));
  RouteCall call{.method = Method::kGet, .pattern = "/v2/trace/setting", .parameters = {}, .body = {}};
  if (!request.model_name().empty()) {
    call.pattern = std::string(kModel) + "/trace/setting";
    call.parameters.emplace_back("model", request.model_name());
  }
  if (request.settings().empty()) return call;
  call.method = Method::kPost;
  JsonWriter json(call.body);
  json.begin_object();
  for (const auto& [key, setting] : request.settings()) {
    json.key(key);
    if (setting.value().empty()) {
      json.null();
      continue;
    }
    json.begin_array();
    for (const std::string& value : setting.value()) json.value(value);
    json.end_array();
  }
  json.end_object();
  return call;
}

Result<std::string> answer_trace(const RouteCall&, const std::string& json) {
  SLIPWAY_TRY(const auto settings, from_json<Struct>(json));
  inference::TraceSettingResponse response;
  for (const auto& [key, value] : settings.fields()) {
    auto& setting = (*response.mutable_settings())[key];
    if (value.has_string_value()) setting.add_value(value.string_value());
    for (const Value& element : value.list_value().values()) setting.add_value(element.string_value());
  }
  return response.SerializeAsString();
}

Result<RouteCall> ask_log(const std::string& message) {
  SLIPWAY_TRY(const auto request, parse<inference::LogSettingsRequest>(message));
  RouteCall call{.method = Method::kGet, .pattern = "/v2/logging", .parameters = {}, .body = {}};
  if (request.settings().empty()) return call;
  call.method = Method::kPost;
  JsonWriter json(call.body);
  json.begin_object();
  for (const auto& [key, setting] : request.settings()) {
    json.key(key);
    if (setting.has_bool_param()) {
      json.value(setting.bool_param());
    } else if (setting.has_uint32_param()) {
      json.value(std::uint64_t{setting.uint32_param()});
    } else {
      json.value(setting.string_param());
    }
  }
  json.end_object();
  return call;
}

Result<std::string> answer_log(const RouteCall&, const std::string& json) {
  SLIPWAY_TRY(const auto settings, from_json<Struct>(json));
  inference::LogSettingsResponse response;
  for (const auto& [key, value] : settings.fields()) {
    auto& setting = (*response.mutable_settings())[key];
    if (value.has_bool_value()) setting.set_bool_param(value.bool_value());
    if (value.has_number_value()) setting.set_uint32_param(static_cast<std::uint32_t>(value.number_value()));
    if (value.has_string_value()) setting.set_string_param(value.string_value());
  }
  return response.SerializeAsString();
}

// A model that is not served is not ready, as with Triton.
std::string not_ready() { return inference::ModelReadyResponse().SerializeAsString(); }

constexpr std::array kRoutes = {
    RpcRoute{"ServerLive", ask_path<kLivePath>, answer_as<inference::ServerLiveResponse>},
    RpcRoute{"ServerReady", ask_path<kReadyPath>, answer_as<inference::ServerReadyResponse>},
    RpcRoute{"ServerMetadata", ask_path<kServerPath>, answer_as<inference::ServerMetadataResponse>},
    RpcRoute{"ModelReady", ask_model<kReady>, answer_as<inference::ModelReadyResponse>, not_ready},
    RpcRoute{"ModelMetadata", ask_model<kMetadata>, answer_as<inference::ModelMetadataResponse>},
    RpcRoute{"ModelConfig", ask_model<kConfig>, answer_config},
    RpcRoute{"ModelStatistics", ask_statistics, answer_as<inference::ModelStatisticsResponse>},
    RpcRoute{"RepositoryIndex", ask_index, answer_index},
    RpcRoute{"RepositoryModelLoad", ask_repository<kLoad>, answer_repository},
    RpcRoute{"RepositoryModelUnload", ask_repository<kUnload>, answer_repository},
    RpcRoute{"SystemSharedMemoryStatus", ask_path<kSystemStatus>, answer_nothing},
    RpcRoute{"SystemSharedMemoryRegister", ask_memory_change<kSystemRegister>, answer_nothing},
    RpcRoute{"SystemSharedMemoryUnregister", ask_memory_change<kSystemUnregister>, answer_nothing},
    RpcRoute{"CudaSharedMemoryStatus", ask_path<kCudaStatus>, answer_nothing},
    RpcRoute{"CudaSharedMemoryRegister", ask_memory_change<kCudaRegister>, answer_nothing},
    RpcRoute{"CudaSharedMemoryUnregister", ask_memory_change<kCudaUnregister>, answer_nothing},
    RpcRoute{"TraceSetting", ask_trace, answer_trace},
    RpcRoute{"LogSettings", ask_log, answer_log},
};

constexpr auto kCodes = {Code::kCancelled,         Code::kInvalidArgument,    Code::kDeadlineExceeded,
                         Code::kNotFound,          Code::kAlreadyExists,      Code::kPermissionDenied,
                         Code::kResourceExhausted, Code::kFailedPrecondition, Code::kAborted,
                         Code::kOutOfRange,        Code::kUnimplemented,      Code::kInternal,
                         Code::kUnavailable,       Code::kDataLoss,           Code::kUnauthenticated};

}  // namespace

const RpcRoute* find_rpc_route(std::string_view name) noexcept {
  const auto* found =
      std::find_if(kRoutes.begin(), kRoutes.end(), [&](const RpcRoute& rpc) { return rpc.name == name; });
  return found == kRoutes.end() ? nullptr : found;
}

Error error_of(const HttpResponse& response) {
  Error error;
  const auto members = from_json<Struct>(response.body);
  if (!members) return {Code::kInternal, "grpc.answer", "the request failed without saying why", {}};
  const auto text = [&](const char* key) {
    const auto found = members->fields().find(key);
    return found == members->fields().end() ? std::string() : found->second.string_value();
  };
  const std::string code = text("code");
  const auto* known = std::find_if(kCodes.begin(), kCodes.end(), [&](Code each) { return to_string(each) == code; });
  error.code = known == kCodes.end() ? Code::kUnknown : *known;
  error.reason = text("reason");
  error.message = text("error");
  return error;
}

}  // namespace slipway

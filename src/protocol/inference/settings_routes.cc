#include "protocol/inference/settings_routes.h"

#include "base/bytes.h"
#include "base/json_writer.h"
#include "protocol/inference/log_settings.h"
#include "registry/strict_json.h"

namespace slipway {
namespace {

constexpr std::uint64_t kBodyBytesMax = 64 << 10;
constexpr std::string_view kNoTraces =
    R"({"trace_file":"","trace_level":["OFF"],"trace_rate":"0","trace_count":"0","log_frequency":"0"})";

Result<std::string> set_log(const HttpRequest& request, DecisionSubject& subject) {
  SLIPWAY_TRY(const log::Level level, read_log_settings(as_text(request.body), current_log_level()));
  log::set_level(level);
  JsonWriter(subject.details).begin_object().key("level").value(to_string(level)).end_object();
  return log_settings_body();
}

// What leaves traces off is granted, since they are.
Result<std::string> set_trace(const HttpRequest& request) {
  const auto refusal = [] {
    return fail(Code::kUnimplemented, "trace.unsupported",
                "requests are not traced to a file; the durations of each step are metrics (GET /metrics), and each "
                "request has a record in the audit log");
  };
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(as_text(request.body), kBodyBytesMax, "trace.request"));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  for (const auto& [key, value] : members.take_all()) {
    if (value.element().is_null()) continue;
    if (key != "trace_level") return refusal();
    SLIPWAY_TRY(const std::vector<JsonValue> levels, value.array(8));
    for (const JsonValue& level : levels) {
      SLIPWAY_TRY(const std::string_view text, level.text());
      if (text != "OFF") return refusal();
    }
  }
  return std::string(kNoTraces);
}

Result<std::string> refuse_generate() {
  return fail(Code::kUnimplemented, "infer.generate",
              "models here take and give tensors; text is not generated. Ask …/infer");
}
Result<std::string> refuse_shared_memory() {
  return fail(Code::kUnimplemented, "infer.shared_memory",
              "memory is not shared with clients; send tensors as binary data in the request");
}

class Adder {
 public:
  explicit Adder(Router& router) : router_(router) {}

  void get(std::string pattern, Permission permission, std::function<std::string()> body) {
    router_.add({.method = Method::kGet,
                 .pattern = std::move(pattern),
                 .permission = permission,
                 .handler = IoHandler([body = std::move(body)](HttpRequest& request) -> Task<HttpResponse> {
                   co_return json_response(request, body());
                 })});
  }
  void post(std::string pattern, Permission permission, std::function<Result<std::string>(const HttpRequest&)> answer) {
    router_.add({.method = Method::kPost,
                 .pattern = std::move(pattern),
                 .permission = permission,
                 .body = BodyKind::kBuffered,
                 .body_bytes_max = kBodyBytesMax,
                 .handler = IoHandler([answer = std::move(answer)](HttpRequest& request) -> Task<HttpResponse> {
                   co_return json_response(request, answer(request));
                 })});
  }

 private:
  Router& router_;
};

}  // namespace

void add_settings_routes(Router& router, const DecisionLog& decisions) {
  Adder add(router);
  add.get("/v2/logging", Permission::kReadMetrics, log_settings_body);
  router.add({.method = Method::kPost,
              .pattern = "/v2/logging",
              .permission = Permission::kDeploy,
              .body = BodyKind::kBuffered,
              .body_bytes_max = kBodyBytesMax,
              .handler = WorkerHandler([decisions](const HttpRequest& request) {
                return decisions.decide(request, "logging.set", 200,
                                        [&](DecisionSubject& subject) { return set_log(request, subject); });
              })});
  for (const char* pattern : {"/v2/trace/setting", "/v2/models/{model}/trace/setting"}) {
    add.get(pattern, Permission::kReadMetrics, [] { return std::string(kNoTraces); });
    add.post(pattern, Permission::kDeploy, set_trace);
  }
  for (const std::string memory : {"/v2/systemsharedmemory", "/v2/cudasharedmemory"}) {
    for (const std::string region : {"", "/region/{region}"}) {
      add.get(memory + region + "/status", Permission::kReadEndpoint, [] { return std::string("[]"); });
      // There is none, so none is left.
      add.post(memory + region + "/unregister", Permission::kPredict,
               [](const HttpRequest&) -> Result<std::string> { return std::string("{}"); });
    }
    add.post(memory + "/region/{region}/register", Permission::kPredict,
             [](const HttpRequest&) { return refuse_shared_memory(); });
  }
  for (const std::string model : {"/v2/models/{model}", "/v2/models/{model}/versions/{version}"}) {
    for (const char* verb : {"/generate", "/generate_stream"}) {
      add.post(model + verb, Permission::kPredict, [](const HttpRequest&) { return refuse_generate(); });
    }
  }
}

}  // namespace slipway

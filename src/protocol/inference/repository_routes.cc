#include "protocol/inference/repository_routes.h"

#include <optional>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "registry/strict_json.h"

namespace slipway {
namespace {

constexpr std::uint64_t kBodyBytesMax = 64 << 10;
constexpr std::string_view kReason = "repository.request";
constexpr std::string_view kRepository = "models";  // there is one; {repository} may name it

// The "parameters" of a load or unload. Clients send more than has a meaning here; what would change the model's bytes
// or the way it runs is refused.
struct Parameters {
  std::string version;
  bool is_pinned = false;
};

Result<bool> read_flag(const JsonValue& value) {
  bool flag = false;
  if (value.element().get(flag)) return value.refuse("true or false is expected");
  return flag;
}

Result<Parameters> read_parameters(std::string_view body) {
  Parameters parameters;
  if (body.empty()) return parameters;
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(body, kBodyBytesMax, kReason));
  SLIPWAY_TRY(JsonMembers root, document.root().object());
  const auto given = root.take("parameters");
  if (!given) return parameters;
  SLIPWAY_TRY(JsonMembers members, given->object());
  for (const auto& [key, value] : members.take_all()) {
    if (key == "version") {
      SLIPWAY_TRY(const std::string_view version, value.text());
      parameters.version = version;
    } else if (key == "pinned") {
      SLIPWAY_TRY(parameters.is_pinned, read_flag(value));
    } else if (key == "config" || key.starts_with("file:")) {
      return value.refuse("a version is served as it was approved: its files and configuration cannot be replaced");
    }
  }
  return parameters;
}

Result<bool> asks_for_ready_only(std::string_view body) {
  if (body.empty()) return false;
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(body, kBodyBytesMax, kReason));
  SLIPWAY_TRY(JsonMembers root, document.root().object());
  const auto ready = root.take("ready");
  return ready ? read_flag(*ready) : false;
}

std::string index_body(const std::vector<RepositoryEntry>& entries, const Principal& principal, bool only_ready) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const RepositoryEntry& entry : entries) {
    if (only_ready && entry.state != ServingState::kReady) continue;
    if (!principal.may(Permission::kReadEndpoint, entry.model)) continue;
    json.begin_object().key("name").value(entry.model).key("version").value(entry.version);
    json.key("state").value(to_string(entry.state)).key("reason").value(entry.reason).end_object();
  }
  json.end_array();
  return out;
}

HttpResponse index(const HttpRequest& request, const Repository& repository) {
  const std::string_view name = request.parameter("repository");
  if (!name.empty() && name != kRepository) {
    const Error unknown{.code = Code::kNotFound,
                        .reason = "repository.not_found",
                        .message = "there is no repository " + quoted(name) + "; the one there is is called models",
                        .details = {}};
    return error_response(unknown, request);
  }
  const auto only_ready = asks_for_ready_only(as_text(request.body));
  if (!only_ready) return error_response(only_ready.error(), request);
  return json_response(request, index_body(*repository.index(), *request.principal, *only_ready));
}

Result<std::string> change(const HttpRequest& request, Repository& repository, bool loads, DecisionSubject& subject) {
  subject.model = request.parameter("model");
  SLIPWAY_TRY(const Parameters parameters, read_parameters(as_text(request.body)));
  subject.version = parameters.version;
  const RepositoryTarget target{.model = subject.model, .version = parameters.version};
  SLIPWAY_CHECK(loads ? repository.load(target, parameters.is_pinned, request.principal->id)
                      : repository.unload(target, request.principal->id));
  std::string out;
  JsonWriter(out)
      .begin_object()
      .key("name")
      .value(target.model)
      .key(loads ? "load" : "unload")
      .value(true)
      .end_object();
  return out;
}

}  // namespace

void add_repository_routes(Router& router, Repository& repository, const DecisionLog& decisions) {
  for (const char* pattern : {"/v2/repository/index", "/v2/repository/{repository}/index"}) {
    router.add({.method = Method::kPost,
                .pattern = pattern,
                .permission = Permission::kReadEndpoint,
                .body = BodyKind::kBuffered,
                .body_bytes_max = kBodyBytesMax,
                .handler = IoHandler([&repository](HttpRequest& request) -> Task<HttpResponse> {
                  co_return index(request, repository);
                })});
  }
  for (const bool loads : {true, false}) {
    const std::string verb = loads ? "load" : "unload";
    router.add({.method = Method::kPost,
                .pattern = "/v2/repository/models/{model}/" + verb,
                .permission = Permission::kDeploy,
                .body = BodyKind::kBuffered,
                .body_bytes_max = kBodyBytesMax,
                .handler = WorkerHandler([&repository, decisions, loads, verb](const HttpRequest& request) {
                  return decisions.decide(request, "version." + verb, 200, [&](DecisionSubject& subject) {
                    return change(request, repository, loads, subject);
                  });
                }),
                .work = WorkKind::kHeavy});
  }
}

}  // namespace slipway

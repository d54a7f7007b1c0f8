#include "protocol/admin/model_routes.h"

#include <charconv>

#include "base/bytes.h"
#include "protocol/admin/model_json.h"
#include "protocol/admin/page_query.h"
#include "registry/strict_json.h"
#include "registry/transact.h"

namespace slipway {
namespace {

constexpr std::uint64_t kDecisionBytesMax = 64 << 10;
constexpr std::uint64_t kPushBytesMax = kManifestBytesMax + (64 << 10);
constexpr std::string_view kReason = "request.invalid";

// "1.2.3", or the integer that MLflow clients use.
Result<Version> find_version(const ModelRouteParts& parts, Transaction& transaction, const HttpRequest& request) {
  const std::string_view model = request.parameter("model");
  const std::string_view text = request.parameter("version");
  SLIPWAY_CHECK(check_model_name(model));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size())
    return parts.models.version_by_number(transaction, model, number);
  SLIPWAY_TRY(const SemVer semver, SemVer::parse(text));
  return parts.models.version(transaction, model, semver);
}

Result<VersionDetails> details_of(const ModelRouteParts& parts, Transaction& transaction, Version version) {
  VersionDetails details;
  SLIPWAY_TRY(details.approvals, parts.models.approvals(transaction, version.id));
  SLIPWAY_TRY(const Model model, parts.models.model(transaction, version.model));
  if (version.approvals_required > 0) {
    details.approvals_required = version.approvals_required;
  } else if (model.approvals_required) {
    details.approvals_required = *model.approvals_required;
  } else {
    SLIPWAY_TRY(details.approvals_required, parts.models.approvals_required_by_default(transaction));
  }
  details.version = std::move(version);
  return details;
}

Result<std::string> with_manifest(const ModelRouteParts& parts, VersionDetails details) {
  SLIPWAY_TRY(details.manifest, parts.bundles.manifest(details.version.digest));
  return version_json(details);
}

Result<std::string> show(const ModelRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(VersionDetails details, in_read(parts.database, [&](Transaction& transaction) -> Result<VersionDetails> {
                SLIPWAY_TRY(Version version, find_version(parts, transaction, request));
                return details_of(parts, transaction, std::move(version));
              }));
  return with_manifest(parts, std::move(details));
}

struct ListedModel {
  Model model;
  std::optional<Version> latest;  // the greatest approved, or else the greatest
};

Result<std::optional<Version>> latest_of(const ModelRouteParts& parts, Transaction& transaction,
                                         const std::string& model) {
  const PageRequest first{.limit = 1, .token = ""};
  SLIPWAY_TRY(Page<Version> approved, parts.models.versions(transaction, model, VersionState::kApproved, first));
  if (!approved.items.empty()) return std::move(approved.items.front());
  SLIPWAY_TRY(Page<Version> any, parts.models.versions(transaction, model, std::nullopt, first));
  if (any.items.empty()) return std::nullopt;
  return std::move(any.items.front());
}

Result<std::string> list_models(const ModelRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const PageRequest wanted, page_query(request));
  std::vector<ListedModel> listed;
  SLIPWAY_TRY(const std::string next, in_read(parts.database, [&](Transaction& transaction) -> Result<std::string> {
                SLIPWAY_TRY(Page<Model> page, parts.models.models(transaction, wanted));
                for (Model& model : page.items) {
                  if (!request.principal->may(Permission::kReadMetadata, model.name)) continue;
                  SLIPWAY_TRY(auto latest, latest_of(parts, transaction, model.name));
                  listed.push_back({std::move(model), std::move(latest)});
                }
                return page.next_token;
              }));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("models").begin_array();
  for (const ListedModel& entry : listed) {
    json.begin_object().key("name").value(entry.model.name).key("description").value(entry.model.description);
    json.key("versions").value(entry.model.last_number).key("latest");
    entry.latest ? write_version(json, *entry.latest) : static_cast<void>(json.null());
    json.end_object();
  }
  json.end_array().key("next_page_token").value(next).end_object();
  return body;
}

Result<std::string> show_model(const ModelRouteParts& parts, const HttpRequest& request) {
  const std::string_view name = request.parameter("model");
  SLIPWAY_CHECK(check_model_name(name));
  SLIPWAY_TRY(const PageRequest wanted, page_query(request));
  SLIPWAY_TRY(const Page<Version> page, in_read(parts.database, [&](Transaction& transaction) -> Result<Page<Version>> {
                SLIPWAY_TRY(const Model model, parts.models.model(transaction, name));
                return parts.models.versions(transaction, model.name, std::nullopt, wanted);
              }));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("name").value(name).key("versions").begin_array();
  for (const Version& version : page.items) write_version(json, version);
  json.end_array().key("next_page_token").value(page.next_token).end_object();
  return body;
}

// {"digest": …, "reason": …, "comment": …}, each optional; "reason" and "comment" mean the same.
struct DecisionBody {
  std::optional<Digest> digest;
  std::string reason;
};

Result<DecisionBody> parse_decision(std::string_view text) {
  DecisionBody body;
  if (text.empty()) return body;
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(text, kDecisionBytesMax, kReason));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  if (const auto digest = members.take("digest")) {
    SLIPWAY_TRY(const std::string_view hex, digest->text());
    body.digest = Digest::parse(hex);
    if (!body.digest) return digest->refuse(quoted(hex) + " is not a SHA-256 digest in 64 hexadecimal digits");
  }
  for (const std::string_view key : {"reason", "comment"}) {
    if (const auto reason = members.take(key)) {
      SLIPWAY_TRY(body.reason, reason->text());
    }
  }
  SLIPWAY_CHECK(members.finish());
  return body;
}

using Decide = Result<Version> (*)(const ModelRouteParts&, Transaction&, const DecisionRequest&);

Result<Version> approve(const ModelRouteParts& parts, Transaction& transaction, const DecisionRequest& decision) {
  SLIPWAY_TRY(ApprovalOutcome outcome, parts.models.approve(transaction, decision));
  return std::move(outcome.version);
}
Result<Version> reject(const ModelRouteParts& parts, Transaction& transaction, const DecisionRequest& decision) {
  return parts.models.reject(transaction, decision);
}
Result<Version> retire(const ModelRouteParts& parts, Transaction& transaction, const DecisionRequest& decision) {
  return parts.models.retire(transaction, decision.model, decision.semver, decision.principal, decision.reason);
}

std::string reason_json(const std::string& reason) {
  if (reason.empty()) return {};
  std::string details;
  JsonWriter(details).begin_object().key("reason").value(reason).end_object();
  return details;
}

// A decision on a version: what refuses it names people.
HttpResponse decide_by_name(const ModelRouteParts& parts, const HttpRequest& request, std::string_view action,
                            int status, const std::function<Result<std::string>(DecisionSubject&)>& body) {
  return parts.decisions.decide(request, action, status, [&](DecisionSubject& subject) {
    Result<std::string> result = body(subject);
    if (!result) result.error().message = with_principal_names(result.error().message, parts.name_of);
    return result;
  });
}

HttpResponse decide(const ModelRouteParts& parts, const HttpRequest& request, std::string_view action, Decide move) {
  return decide_by_name(parts, request, action, 200, [&](DecisionSubject& subject) -> Result<std::string> {
    subject.model = request.parameter("model");
    subject.version = request.parameter("version");
    SLIPWAY_TRY(const DecisionBody body, parse_decision(as_text(request.body)));
    SLIPWAY_TRY(VersionDetails details,
                in_write(parts.database, [&](Transaction& transaction) -> Result<VersionDetails> {
                  SLIPWAY_TRY(const Version version, find_version(parts, transaction, request));
                  subject.version = version.semver.to_string();
                  subject.bundle = version.digest;
                  const DecisionRequest decision{.model = version.model,
                                                 .semver = version.semver,
                                                 .digest = body.digest.value_or(version.digest),
                                                 .principal = request.principal->id,
                                                 .reason = body.reason};
                  SLIPWAY_TRY(Version moved, move(parts, transaction, decision));
                  return details_of(parts, transaction, std::move(moved));
                }));
    subject.details = reason_json(body.reason);
    parts.on_change();
    return with_manifest(parts, std::move(details));
  });
}

Result<std::string> verify(const ModelRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const Version version, in_read(parts.database, [&](Transaction& transaction) {
                return find_version(parts, transaction, request);
              }));
  SLIPWAY_TRY(const VerifyReport report, parts.bundles.verify(version.digest));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("model").value(version.model).key("version").value(version.semver.to_string());
  json.key("digest").value(report.bundle.hex()).key("ok").value(report.is_intact);
  json.key("files")
      .value(report.files.size() - 1)  // the first is the manifest
      .key("bytes")
      .value(report.size_bytes)
      .key("problems")
      .begin_array();
  for (const VerifiedFile& file : report.files) {
    if (file.verdict == FileVerdict::kIntact) continue;
    json.begin_object().key("path").value(file.path.empty() ? "(manifest)" : file.path);
    json.key("verdict").value(to_string(file.verdict)).key("found").value(file.found).end_object();
  }
  json.end_array().end_object();
  return body;
}

Result<PushRequest> parse_push(std::string_view model, std::string_view text, std::string_view author) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(text, kPushBytesMax, kReason));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  PushRequest push;
  push.model = model;
  push.author = author;
  SLIPWAY_TRY(const JsonValue version, members.require("version"));
  SLIPWAY_TRY(const std::string_view semver, version.text());
  SLIPWAY_TRY(push.semver, SemVer::parse(semver));
  SLIPWAY_TRY(const JsonValue manifest, members.require("manifest"));
  SLIPWAY_TRY(push.manifest, parse_manifest(simdjson::minify(manifest.element())));
  if (const auto description = members.take("description")) {
    SLIPWAY_TRY(push.description, description->text());
  }
  if (const auto run = members.take("run")) {
    SLIPWAY_TRY(push.run, run->text());
  }
  SLIPWAY_CHECK(members.finish());
  return push;
}

HttpResponse push(const ModelRouteParts& parts, const HttpRequest& request) {
  return decide_by_name(parts, request, "model.push", 201, [&](DecisionSubject& subject) -> Result<std::string> {
    subject.model = request.parameter("model");
    SLIPWAY_CHECK(check_model_name(subject.model));
    SLIPWAY_TRY(const PushRequest wanted, parse_push(subject.model, as_text(request.body), request.principal->id));
    subject.version = wanted.semver->to_string();
    subject.bundle = bundle_digest(wanted.manifest);
    SLIPWAY_CHECK(parts.database.read([&](Transaction& transaction) {
      return check_no_foreign_files(transaction, wanted.manifest, reader_of(request), system_clock());
    }));
    SLIPWAY_TRY(const PushOutcome outcome, parts.push.run(wanted));
    SLIPWAY_TRY(VersionDetails details, in_read(parts.database, [&](Transaction& transaction) {
                  return details_of(parts, transaction, outcome.version);
                }));
    return with_manifest(parts, std::move(details));
  });
}

}  // namespace

BlobReader reader_of(const HttpRequest& request) {
  return {request.principal->id, [principal = request.principal](std::string_view model) {
            return principal->may(Permission::kReadMetadata, model);
          }};
}

void add_model_routes(Router& router, const ModelRouteParts& parts) {
  const auto add = [&](Method method, std::string pattern, Permission permission, std::uint64_t body_bytes_max,
                       WorkerHandler handler, WorkKind work = WorkKind::kQuick) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .permission = permission,
                .body = body_bytes_max > 0 ? BodyKind::kBuffered : BodyKind::kNone,
                .body_bytes_max = body_bytes_max,
                .handler = std::move(handler),
                .work = work});
  };
  const std::string model = "/api/v1/models/{model}";
  const std::string version = model + "/versions/{version}";
  const auto decision = [&](const std::string& verb, Permission permission, std::string_view action, Decide move) {
    add(Method::kPost, version + "/" + verb, permission, kDecisionBytesMax,
        [parts, action, move](const HttpRequest& request) { return decide(parts, request, action, move); });
  };

  add(Method::kGet, "/api/v1/models", Permission::kReadMetadata, 0,
      [parts](const HttpRequest& request) { return json_response(request, list_models(parts, request)); });
  add(Method::kGet, model, Permission::kReadMetadata, 0,
      [parts](const HttpRequest& request) { return json_response(request, show_model(parts, request)); });
  add(Method::kGet, version, Permission::kReadMetadata, 0,
      [parts](const HttpRequest& request) { return json_response(request, show(parts, request)); });
  add(
      Method::kPost, model + "/versions", Permission::kRegister, kPushBytesMax,
      [parts](const HttpRequest& request) { return push(parts, request); }, WorkKind::kHeavy);
  add(
      Method::kPost, version + "/verify", Permission::kReadMetadata, kDecisionBytesMax,
      [parts](const HttpRequest& request) { return json_response(request, verify(parts, request)); }, WorkKind::kHeavy);
  decision("approve", Permission::kApprove, "model.approve", &approve);
  decision("reject", Permission::kApprove, "model.reject", &reject);
  decision("retire", Permission::kDeploy, "model.retire", &retire);
}

}  // namespace slipway

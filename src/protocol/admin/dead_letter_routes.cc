#include "protocol/admin/dead_letter_routes.h"

#include "async/replay.h"
#include "base/bytes.h"
#include "base/json_writer.h"
#include "protocol/admin/page_query.h"
#include "protocol/public_text.h"
#include "registry/strict_json.h"
#include "registry/transact.h"

namespace slipway {
namespace {

constexpr std::uint64_t kBodyBytesMax = 256 << 10;
constexpr std::string_view kReason = "request.invalid";
constexpr std::size_t kIdsRecordedMax = 100;

MayModel may_of(const HttpRequest& request) {
  return [principal = request.principal](std::string_view model) { return principal->may(Permission::kDeploy, model); };
}

void write_error(JsonWriter& json, const AsyncAttempt& attempt) {
  json.key("code").value(to_string(attempt.code)).key("reason").value(attempt.reason);
  json.key("message").value(without_directories(attempt.message));
}

// Without the end of the object, for members that follow.
void begin_letter(JsonWriter& json, const DeadLetterRouteParts& parts, const AsyncRequest& letter) {
  json.begin_object().key("id").value(letter.id).key("state").value(to_string(letter.state));
  json.key("model").value(letter.target.model).key("version").value(letter.target.version);
  json.key("principal").value(letter.principal).key("principal_name").value(parts.name_of(letter.principal));
  json.key("created").value(format_time(letter.created_at)).key("settled");
  letter.settled_at ? json.value(format_time(*letter.settled_at)) : json.null();
  json.key("attempts").value(letter.attempts).key("replays").value(letter.replays).key("error");
  if (letter.last && letter.last->code != Code::kOk) {
    json.begin_object();
    write_error(json, *letter.last);
    json.end_object();
  } else {
    json.null();
  }
}

Result<std::string> list(const DeadLetterRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const PageRequest page, page_query(request));
  SLIPWAY_TRY(const auto model, request.query_parameter("model"));
  SLIPWAY_TRY(const auto found, in_read(parts.database, [&](Transaction& t) {
                return DeadLetters().list(t, model.value_or(""), may_of(request), page);
              }));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("dead_letters").begin_array();
  for (const AsyncRequest& letter : found.items) {
    begin_letter(json, parts, letter);
    json.end_object();
  }
  json.end_array().key("next_page_token").value(found.next_token).end_object();
  return body;
}

Result<std::string> show(const DeadLetterRouteParts& parts, const HttpRequest& request) {
  std::vector<AsyncAttempt> attempts;
  SLIPWAY_TRY(const AsyncRequest letter, in_read(parts.database, [&](Transaction& t) -> Result<AsyncRequest> {
                SLIPWAY_TRY(AsyncRequest found, DeadLetters().find(t, request.parameter("id"), may_of(request)));
                SLIPWAY_TRY(attempts, AsyncStore().attempts(t, found.id));
                return found;
              }));
  std::string body;
  JsonWriter json(body);
  begin_letter(json, parts, letter);
  json.key("bundle").value(letter.target.bundle.hex()).key("log").begin_array();
  for (const AsyncAttempt& attempt : attempts) {
    json.begin_object().key("number").value(attempt.number).key("version").value(attempt.version);
    json.key("started").value(format_time(attempt.started_at)).key("ended").value(format_time(attempt.ended_at));
    write_error(json, attempt);
    json.key("record").value(attempt.record).end_object();
  }
  json.end_array().end_object();
  return body;
}

// What somebody asked may be about a person, so that looking at it is recorded.
HttpResponse show_request(const DeadLetterRouteParts& parts, const HttpRequest& request) {
  AsyncMessage message;
  auto read =
      parts.decisions.carry_out(request, "deadletter.read", 200, [&](DecisionSubject& subject) -> Result<std::string> {
        SLIPWAY_TRY(const StoredPayload stored, in_read(parts.database, [&](Transaction& t) -> Result<StoredPayload> {
                      SLIPWAY_TRY(const AsyncRequest letter,
                                  DeadLetters().find(t, request.parameter("id"), may_of(request)));
                      subject.model = letter.target.model;
                      subject.details = R"({"letter":")" + letter.id + R"("})";
                      return read_payload(t, letter.id, kRequestPayload);
                    }));
        SLIPWAY_TRY(message, parts.payloads.get(stored));
        return std::string();
      });
  if (!read) return error_response(read.error(), request);
  HttpResponse response;
  for (auto& [name, value] : message.headers) {
    if (name != "inference-header-content-length") continue;
    response.content_type = "application/octet-stream";
    response.headers.emplace_back(std::move(name), std::move(value));
  }
  response.body = std::move(message.body);
  return response;
}

HttpResponse drop(const DeadLetterRouteParts& parts, const HttpRequest& request) {
  return parts.decisions.decide(request, "deadletter.drop", 200, [&](DecisionSubject& subject) -> Result<std::string> {
    AsyncRequest letter;
    SLIPWAY_TRY(const StoredPayload stored, in_write(parts.database, [&](Transaction& t) -> Result<StoredPayload> {
                  SLIPWAY_TRY(letter, DeadLetters().find(t, request.parameter("id"), may_of(request)));
                  return DeadLetters().drop(t, letter.id, may_of(request));
                }));
    parts.payloads.remove(stored);
    subject.model = letter.target.model;
    subject.version = letter.target.version;
    subject.details = R"({"letter":")" + letter.id + R"("})";
    std::string body;
    JsonWriter(body).begin_object().key("id").value(letter.id).key("dropped").value(true).end_object();
    return body;
  });
}

Result<ReplayWish> parse_wish(const HttpRequest& request) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(as_text(request.body), kBodyBytesMax, kReason));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  ReplayWish wish;
  wish.principal = request.principal->id;
  wish.may = may_of(request);
  SLIPWAY_TRY(const JsonValue version, members.require("version"));
  SLIPWAY_TRY(const std::string_view version_text, version.text());
  SLIPWAY_TRY(wish.version, SemVer::parse(version_text));
  if (const auto ids = members.take("ids")) {
    SLIPWAY_TRY(const auto values, ids->array(ReplayWish::kIdsMax));
    for (const JsonValue& value : values) {
      SLIPWAY_TRY(wish.ids.emplace_back(), value.text());
    }
    if (wish.ids.empty()) return ids->refuse("one id at least is expected");
  }
  if (const auto model = members.take("model")) {
    SLIPWAY_TRY(wish.model, model->text());
  }
  bool is_all = false;
  if (const auto all = members.take("all")) {
    if (all->element().get(is_all) != simdjson::SUCCESS) return all->refuse("true or false is expected");
  }
  if (const auto rate = members.take("rate")) {
    SLIPWAY_TRY(wish.rate_per_second, rate->number());
  }
  SLIPWAY_CHECK(members.finish());
  if (int{!wish.ids.empty()} + int{!wish.model.empty()} + int{is_all} != 1) {
    return fail(Code::kInvalidArgument, kReason, "one of ids, model and all is expected: which letters are meant");
  }
  return wish;
}

std::string report_json(const ReplayReport& report, const ReplayWish& wish) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("replay").value(report.id).key("version").value(wish.version.to_string());
  json.key("rate").value(wish.rate_per_second).key("replayed").value(report.replayed);
  json.key("skipped").value(report.skipped).key("refused").value(report.refused).key("refusals").begin_array();
  for (const auto& [id, error] : report.refusals) {
    json.begin_object().key("id").value(id).key("reason").value(error.reason);
    json.key("message").value(error.message).end_object();
  }
  json.end_array().end_object();
  return body;
}

std::string replay_details(const ReplayReport& report, const ReplayWish& wish) {
  std::string details;
  JsonWriter json(details);
  json.begin_object().key("replay").value(report.id).key("replayed").value(report.replayed);
  json.key("rate").value(wish.rate_per_second);
  if (!wish.ids.empty()) {
    json.key("letters").begin_array();
    for (std::size_t i = 0; i < std::min(wish.ids.size(), kIdsRecordedMax); ++i) {
      json.value(std::string_view(wish.ids[i]).substr(0, 64));
    }
    json.end_array();
  }
  json.end_object();
  return details;
}

HttpResponse replay_letters(const DeadLetterRouteParts& parts, const HttpRequest& request) {
  return parts.decisions.decide(
      request, "deadletter.replay", 202, [&](DecisionSubject& subject) -> Result<std::string> {
        SLIPWAY_TRY(const ReplayWish wish, parse_wish(request));
        subject.model = wish.model;
        subject.version = wish.version.to_string();
        if (!wish.model.empty() && !wish.may(wish.model)) {
          return fail(Code::kPermissionDenied, "access.forbidden",
                      "the permission deploy on model " + quoted(std::string_view(wish.model)) + " is needed");
        }
        SLIPWAY_TRY(const ReplayReport report, replay(parts.database, parts.models, wish));
        subject.details = replay_details(report, wish);
        parts.on_replay();
        return report_json(report, wish);
      });
}

}  // namespace

void add_dead_letter_routes(Router& router, const DeadLetterRouteParts& parts) {
  using Answer = HttpResponse (*)(const DeadLetterRouteParts&, const HttpRequest&);
  const auto add = [&](Method method, std::string pattern, Answer answer, WorkKind work = WorkKind::kQuick) {
    const bool has_body = method == Method::kPost;
    router.add(
        {.method = method,
         .pattern = std::move(pattern),
         .permission = Permission::kDeploy,
         .body = has_body ? BodyKind::kBuffered : BodyKind::kNone,
         .body_bytes_max = has_body ? kBodyBytesMax : 0,
         .handler = WorkerHandler([parts, answer](const HttpRequest& request) { return answer(parts, request); }),
         .work = work});
  };
  const std::string letter = "/api/v1/dead-letters/{id}";
  add(Method::kGet, "/api/v1/dead-letters", [](const DeadLetterRouteParts& own, const HttpRequest& request) {
    return json_response(request, list(own, request));
  });
  add(Method::kGet, letter, [](const DeadLetterRouteParts& own, const HttpRequest& request) {
    return json_response(request, show(own, request));
  });
  add(Method::kGet, letter + "/request", &show_request, WorkKind::kHeavy);
  add(Method::kDelete, letter, &drop);
  add(Method::kPost, "/api/v1/dead-letter-replays", &replay_letters, WorkKind::kHeavy);
}

}  // namespace slipway

#include "protocol/inference/async_json.h"

#include "base/json_writer.h"
#include "protocol/public_text.h"

namespace slipway {

std::string async_path(std::string_view id) { return std::string("/v2/async/").append(id); }

std::string async_json(const AsyncRequest& request, const std::optional<std::string>& answer) {
  const bool has_failed = request.state == AsyncState::kDead;
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("id").value(request.id);
  json.key("status").value(has_failed ? "failed" : to_string(request.state));
  json.key("model_name").value(request.target.model).key("model_version").value(request.target.version);
  json.key("created").value(format_time(request.created_at)).key("attempts").value(request.attempts);
  if (request.settled_at) json.key("settled").value(format_time(*request.settled_at));
  if (request.last && request.last->code != Code::kOk) {
    json.key("error").begin_object().key("error").value(without_directories(request.last->message));
    json.key("code").value(to_string(request.last->code)).key("reason").value(request.last->reason).end_object();
  }
  if (request.state == AsyncState::kSucceeded) {
    if (request.last) json.key("record").value(request.last->record);
    json.key("result_url").value(async_path(request.id) + "/result");
  }
  if (answer) json.key("result").raw(*answer);
  json.end_object();
  return body;
}

}  // namespace slipway

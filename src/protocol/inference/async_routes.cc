#include "protocol/inference/async_routes.h"

#include "async/async_store.h"
#include "protocol/admin/decision.h"
#include "protocol/inference/async_json.h"
#include "registry/transact.h"

namespace slipway {
namespace {

struct Found {
  AsyncRequest request;
  std::optional<StoredPayload> answer;
};

class AsyncHandlers {
 public:
  AsyncHandlers(Database& database, const PayloadStore& payloads) : database_(database), payloads_(payloads) {}

  HttpResponse show(const HttpRequest& http) const { return json_response(http, describe(http)); }

  HttpResponse result(const HttpRequest& http) const {
    auto answer = answer_of(http);
    if (!answer) return error_response(answer.error(), http);
    HttpResponse response;
    for (auto& [name, value] : answer->headers) {
      if (name == "content-type") {
        response.content_type = std::move(value);
      } else {
        response.headers.emplace_back(std::move(name), std::move(value));
      }
    }
    response.body = std::move(answer->body);
    return response;
  }

 private:
  Result<Found> find(const HttpRequest& http) const {
    return in_read(database_, [&](Transaction& t) -> Result<Found> {
      const std::string_view id = http.parameter("id");
      SLIPWAY_TRY(AsyncRequest request, AsyncStore().find(t, id));
      const Principal& caller = *http.principal;
      if (caller.id != request.principal && !caller.may(Permission::kDeploy, request.target.model)) {
        return AsyncStore::not_found(id);
      }
      Found found{std::move(request), std::nullopt};
      if (found.request.state == AsyncState::kSucceeded) {
        SLIPWAY_TRY(found.answer, read_payload(t, id, kAnswerPayload));
      }
      return found;
    });
  }

  Result<std::string> describe(const HttpRequest& http) const {
    SLIPWAY_TRY(const Found found, find(http));
    if (!found.answer) return async_json(found.request);
    SLIPWAY_TRY(AsyncMessage answer, payloads_.get(*found.answer));
    for (const auto& [name, value] : answer.headers) {
      if (name == "content-type" && value == "application/json") {
        return async_json(found.request, std::move(answer.body));
      }
    }
    return async_json(found.request);
  }

  Result<AsyncMessage> answer_of(const HttpRequest& http) const {
    SLIPWAY_TRY(const Found found, find(http));
    if (found.answer) return payloads_.get(*found.answer);
    if (found.request.state == AsyncState::kDead && found.request.last) {
      return fail(found.request.last->code, found.request.last->reason, found.request.last->message);
    }
    return fail(Code::kFailedPrecondition, "async.not_finished",
                "request " + found.request.id + " is " + std::string(to_string(found.request.state)));
  }

  Database& database_;
  const PayloadStore payloads_;
};

}  // namespace

void add_async_routes(Router& router, Database& database, const PayloadStore& payloads) {
  const auto handlers = std::make_shared<const AsyncHandlers>(database, payloads);
  const auto add = [&](std::string pattern, HttpResponse (AsyncHandlers::*handler)(const HttpRequest&) const) {
    router.add({.method = Method::kGet,
                .pattern = std::move(pattern),
                .permission = Permission::kReadEndpoint,
                .handler = WorkerHandler(
                    [handlers, handler](const HttpRequest& request) { return ((*handlers).*handler)(request); })});
  };
  add("/v2/async/{id}", &AsyncHandlers::show);
  add("/v2/async/{id}/result", &AsyncHandlers::result);
}

}  // namespace slipway

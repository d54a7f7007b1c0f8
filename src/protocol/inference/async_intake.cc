#include "protocol/inference/async_intake.h"

#include <array>

#include "base/bytes.h"
#include "protocol/inference/async_json.h"
#include "registry/transact.h"

namespace slipway {
namespace {

constexpr unsigned kWriters = 4;  // share commits
constexpr std::size_t kWaitingForWriterMax = 1'024;
// What changes how a request is read and answered.
constexpr std::array<std::string_view, 4> kKeptHeaders{"inference-header-content-length", "slipway-unit",
                                                       "slipway-cache", "cache-control"};

tl::unexpected<Error> queue_full() {
  return fail(Code::kResourceExhausted, "async.queue_full",
              "as many requests wait for their answer as may (--async-waiting-max); try again later");
}

Digest fingerprint_of(const HttpRequest& http) {
  Sha256 digest;
  for (const std::string_view part :
       {http.parameter("model"), http.parameter("version"), http.header("inference-header-content-length")}) {
    digest.update(part);
    digest.update(std::string_view("\n"));
  }
  digest.update(http.body);
  return digest.finish();
}

AsyncMessage message_of(const HttpRequest& http) {
  AsyncMessage message;
  for (const std::string_view name : kKeptHeaders) {
    const std::string_view value = http.header(name);
    if (!value.empty()) message.headers.emplace_back(name, value);
  }
  message.body = as_text(http.body);
  return message;
}

std::string key_of(const HttpRequest& http) {
  const std::string_view own = http.header("slipway-idempotency-key");
  return std::string(own.empty() ? http.header("idempotency-key") : own);
}

}  // namespace

Result<bool> wants_async(const HttpRequest& http) {
  const std::string_view wish = http.header("slipway-async");
  if (wish.empty() || wish == "false") return false;
  if (wish == "true") return true;
  return fail(Code::kInvalidArgument, "async.bad_header",
              "the header slipway-async is " + quoted(wish) + "; true and false are accepted");
}

AsyncIntake::AsyncIntake(Database& database, const PayloadStore& payloads, std::int64_t waiting_max,
                         std::function<void()> on_accepted, metrics::Registry& registry)
    : database_(database),
      payloads_(payloads),
      waiting_max_(waiting_max),
      on_accepted_(std::move(on_accepted)),
      writers_(kWriters, kWaitingForWriterMax) {
  metrics::Description description;
  description.name = "slipway_async_accepted_total";
  description.help = "Asynchronous requests accepted, those with a key that was known included.";
  accepted_ = registry.counter(std::move(description)).with({});
}

Task<Result<HttpResponse>> AsyncIntake::accept(Predictor& predictor, HttpRequest& http, InferExchange& exchange) {
  Status passed = co_await check_infer(predictor, http, exchange);
  if (!passed) co_return fail(std::move(passed).error());
  auto waiting = callback_on<Result<AsyncRequest>>(*http.executor, [&](auto resume) {
    const bool is_posted = writers_.try_post(
        [this, &http, &exchange, resume]() mutable { resume(keep(http, *exchange.prediction.version)); });
    if (!is_posted) resume(queue_full());
  });
  auto kept = co_await waiting;
  if (!kept) co_return fail(std::move(kept).error());
  accepted_.add();
  on_accepted_();
  HttpResponse response;
  response.status = 202;
  response.headers.emplace_back("Location", async_path(kept->id));
  response.body = async_json(*kept);
  co_return response;
}

// Counted before it is written, not with it: the queue may grow past its limit by as many as are written at once.
Result<AsyncRequest> AsyncIntake::keep(const HttpRequest& http, const ServedVersion& version) {
  AsyncSubmission submission;
  submission.id = http.request_id.to_string();
  submission.principal = http.principal->id;
  submission.idempotency_key = key_of(http);
  submission.fingerprint = fingerprint_of(http);
  submission.target = {version.model, version.version, version.digest};
  SLIPWAY_TRY(auto known, in_read(database_, [&](Transaction& t) -> Result<std::optional<AsyncRequest>> {
                SLIPWAY_TRY(auto found, AsyncStore().find_known(t, submission));
                if (found) return found;
                SLIPWAY_TRY(const std::int64_t waiting, AsyncStore().waiting(t, waiting_max_));
                if (waiting >= waiting_max_) return queue_full();
                return std::nullopt;
              }));
  if (known) return *std::move(known);
  SLIPWAY_TRY(submission.request, payloads_.put(submission.id, message_of(http)));
  const auto add = [&] { return in_write(database_, [&](Transaction& t) { return AsyncStore().add(t, submission); }); };
  auto added = add();
  if (!added && added.error().reason == "sql.unique") added = add();  // the same key at the same time
  if (!added || added->id != submission.id) payloads_.remove(submission.request);
  return added;
}

}  // namespace slipway

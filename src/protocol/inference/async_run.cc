#include "protocol/inference/async_run.h"

#include "base/bytes.h"
#include "protocol/inference/infer_exchange.h"
#include "protocol/padded_buffer.h"
#include "protocol/trace_context.h"

namespace slipway {
namespace {

// Everything that the run's views point into.
struct Run {
  AsyncJob job;
  HttpRequest http;
  InferExchange exchange;
  HttpResponse response;
};

std::unique_ptr<Run> make_run(AsyncJob job, Executor& executor) {
  auto run = std::make_unique<Run>();
  run->job = std::move(job);
  const AsyncRequest& request = run->job.request;
  std::string& body = run->job.message.body;
  const std::size_t size = body.size();
  body.resize(size + PaddedBuffer::kPadding);
  HttpRequest& http = run->http;
  http.method = Method::kPost;
  http.parameters = {{"model", request.target.model}, {"version", request.target.version}};
  for (const auto& [name, value] : run->job.message.headers) http.headers.emplace_back(name, value);
  http.body = as_bytes(body).first(size);
  Principal principal;
  principal.id = request.principal;
  http.principal = std::make_shared<const Principal>(std::move(principal));
  http.request_id = Id::make();
  http.trace = start_trace(http.request_id);
  http.received = system_clock().monotonic();
  http.executor = &executor;
  return run;
}

Task<Status> predict(Predictor& predictor, Run& run) {
  const AsyncTarget& target = run.job.request.target;
  {
    auto found = co_await find_version(predictor, run.http);
    if (!found) co_return fail(std::move(found).error());
    if ((*found)->digest != target.bundle) {
      co_return fail(Code::kFailedPrecondition, "async.version_changed",
                     "version " + target.version + " of model " + quoted(std::string_view(target.model)) +
                         " has other bytes than when the request was accepted");
    }
  }
  co_return co_await answer_infer(predictor, run.http, run.exchange, run.response, run.job.request.id);
}

// Where the run got as far as a record of the audit log.
std::string record_of(const Run& run, const Status& status) {
  const bool was_let_in =
      status || (status.error().reason != "serving.too_many_requests" && status.error().reason != "serving.overloaded");
  return run.exchange.prediction.version != nullptr && was_let_in ? run.http.request_id.to_string() : "";
}

AsyncMessage message_of(HttpResponse response) {
  AsyncMessage message;
  message.headers = std::move(response.headers);
  message.headers.emplace_back("content-type", std::move(response.content_type));
  message.body = std::move(response.body);
  return message;
}

}  // namespace

void AsyncPredictions::run(AsyncJob job, AsyncDone done) {
  thread_.call([this, job = std::move(job), done = std::move(done)](Predictor& predictor) mutable {
    const std::shared_ptr<Run> run = make_run(std::move(job), thread_);
    start(predict(predictor, *run), [run, done = std::move(done)](const Status& status) {
      AsyncOutcome outcome{fail(Error{}), record_of(*run, status)};
      if (status) {
        outcome.answer = message_of(std::move(run->response));
      } else {
        outcome.answer = fail(status.error());
      }
      done(std::move(outcome));
    });
  });
}

}  // namespace slipway

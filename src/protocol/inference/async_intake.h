// Takes requests with the header `slipway-async: true`: what would be refused is refused at once, the rest is kept
// before it is acknowledged.
#pragma once

#include <functional>

#include "async/async_store.h"
#include "async/payload.h"
#include "protocol/inference/infer_exchange.h"
#include "protocol/worker_pool.h"
#include "storage/sql.h"

namespace slipway {

// Does the caller want the answer later? invalid_argument "async.bad_header".
Result<bool> wants_async(const HttpRequest& http);

// One for all threads. Writes on threads of its own; outlives every suspended request.
class AsyncIntake {
 public:
  // `waiting_max`: requests without an answer, of all servers of the database. `on_accepted`: called from any thread.
  AsyncIntake(Database& database, const PayloadStore& payloads, std::int64_t waiting_max,
              std::function<void()> on_accepted, metrics::Registry& registry);

  // 202 with where to ask for the answer. The errors of check_infer() and AsyncStore::add(); resource_exhausted
  // "async.queue_full".
  Task<Result<HttpResponse>> accept(Predictor& predictor, HttpRequest& http, InferExchange& exchange);

 private:
  Result<AsyncRequest> keep(const HttpRequest& http, const ServedVersion& version);

  Database& database_;
  const PayloadStore payloads_;
  const std::int64_t waiting_max_;
  const std::function<void()> on_accepted_;
  metrics::Counter accepted_;
  WorkerPool writers_;
};

}  // namespace slipway

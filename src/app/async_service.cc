#include "app/async_service.h"

#include "protocol/admin/dead_letter_routes.h"
#include "protocol/inference/async_routes.h"

namespace slipway {
namespace {

DispatcherOptions options_of(const Settings& settings) {
  DispatcherOptions options;
  options.limits.attempts_max = settings.async_attempts_max;
  options.limits.backoff.first = settings.async_backoff;
  options.limits.lease = settings.async_lease;
  options.concurrency = settings.async_concurrency;
  options.answers_kept = settings.async_answers_kept;
  options.letters_kept = settings.dead_letters_kept;
  return options;
}

}  // namespace

AsyncService::AsyncService(Parts parts)
    : database_(parts.database),
      models_(parts.models),
      audit_(parts.audit),
      name_of_(std::move(parts.name_of)),
      payloads_(parts.objects),
      predictions_(std::move(parts.predictor)),
      dispatcher_(
          parts.database, payloads_, options_of(parts.settings),
          [this](AsyncJob job, AsyncDone done) { predictions_.run(std::move(job), std::move(done)); }, parts.registry),
      intake_(
          parts.database, payloads_, parts.settings.async_waiting_max, [this] { dispatcher_.notify(); },
          parts.registry) {}

void AsyncService::add_routes(Router& router) {
  add_async_routes(router, database_, payloads_);
  add_dead_letter_routes(router, {.database = database_,
                                  .models = models_,
                                  .payloads = payloads_,
                                  .decisions = DecisionLog(audit_),
                                  .on_replay = [this] { dispatcher_.notify(); },
                                  .name_of = name_of_});
}

}  // namespace slipway

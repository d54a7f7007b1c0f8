// Sends what waits in the outbox, in threads of its own.
//
// Any number of nodes may run one over the same database: each target is served by one of them at a time (lease.h). A
// receiver that hangs holds up one thread for the time limit of a call, and its target then waits for its backoff.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "base/random.h"
#include "base/secret.h"
#include "outbox/http_sender.h"
#include "outbox/lease.h"
#include "outbox/verdict.h"
#include "storage/sql.h"

namespace slipway {

struct DelivererSettings {
  unsigned threads = 4;
  std::chrono::milliseconds poll_interval{500};
  DeliveryLimits limits;
  SendPolicy policy;             // of webhooks, whose URLs users give
  std::string openlineage_url;   // the operator's own, so private addresses are fine; "": off
  Secret openlineage_key;        // sent as a bearer token unless empty
  std::chrono::hours kept{168};  // how long what was delivered or given up is listed
};

// One attempt: signed where the webhook has a secret.
SendOutcome send_webhook(HttpSender& sender, const WebhookAddress& address, const Delivery& delivery, WallTime time);

class Deliverer {
 public:
  // `database` and `registry` outlive it.
  Deliverer(Database& database, DelivererSettings settings, metrics::Registry& registry,
            Random& random = system_random());
  ~Deliverer();
  Deliverer(const Deliverer&) = delete;
  Deliverer& operator=(const Deliverer&) = delete;

  Status start();
  // Breaks off what is being sent; it is sent again after the next start. Nothing to do where start() was not called.
  void stop();
  // Something was written: look now instead of at the end of the interval.
  void notify();

 private:
  class Worker;

  Database& database_;
  const DelivererSettings settings_;
  Random& random_;
  metrics::CounterFamily& attempts_;
  metrics::Counter dead_;

  std::atomic<bool> is_stopping_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t wakes_ = 0;  // notify() calls, so that none is missed
  std::vector<std::thread> threads_;
};

}  // namespace slipway

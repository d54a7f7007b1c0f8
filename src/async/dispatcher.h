// Runs what waits: takes it, hands it to whoever predicts, writes down what came of it.
//
// One thread of its own does all the SQL, so that what ends together is settled in one commit. Any number of servers
// may run one over the same database. It also counts for the gauges, and forgets what is old.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "async/lease.h"
#include "async/metrics.h"
#include "async/payload.h"
#include "base/random.h"

namespace slipway {

struct AsyncJob {
  AsyncRequest request;
  AsyncMessage message;
};

struct AsyncOutcome {
  Result<AsyncMessage> answer;
  std::string record;  // id in the audit log; "" where the run left no record
};

// Begins a run and returns; `done` is called once, from any thread.
using AsyncDone = std::function<void(AsyncOutcome)>;
using AsyncRun = std::function<void(AsyncJob job, AsyncDone done)>;

struct DispatcherOptions {
  AsyncLimits limits;
  unsigned concurrency = 8;  // runs at once
  std::chrono::milliseconds poll_interval{250};
  std::chrono::minutes answers_kept{24 * 60};
  std::chrono::minutes letters_kept{30 * 24 * 60};
};

class Dispatcher {
 public:
  // `database`, `objects` and `registry` outlive it; `run` may call back after it is gone.
  Dispatcher(Database& database, const PayloadStore& payloads, DispatcherOptions options, AsyncRun run,
             metrics::Registry& registry, Random& random = system_random());
  ~Dispatcher() { stop(Monotonic{}); }
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  void start();
  // Takes nothing more, waits for what runs until the deadline, and gives back what then still runs: another server or
  // the next start runs it again.
  void stop(Monotonic deadline);
  // Something was queued: look now instead of at the end of the interval.
  void notify();

 private:
  struct Finished {
    AsyncLease lease;
    AsyncOutcome outcome;
    WallTime ended_at{};
  };
  // What a run is done with; outlives the dispatcher where the run does.
  struct Inbox {
    std::mutex mutex;
    std::condition_variable wake;
    std::vector<std::pair<std::string, AsyncOutcome>> arrived;  // by lease
    bool is_notified = false;
    bool is_stopping = false;
    Monotonic stop_deadline{};
  };
  struct Settlement {
    AsyncAttempt attempt;
    AsyncVerdict verdict;
    std::optional<StoredPayload> answer;
  };

  void loop();
  bool take_more();
  void begin(AsyncLease lease);
  void collect();
  void settle_finished();
  Settlement settlement_of(const Finished& finished);
  bool try_settle(const std::vector<Finished>& finished, const std::vector<Settlement>& settlements);
  void note(const Finished& finished, const Settlement& settlement, bool is_settled);
  void prolong_leases();
  void give_back_all();
  void keep_house();
  Status forget(AsyncState state, std::chrono::minutes kept);
  void wait();

  Database& database_;
  const PayloadStore payloads_;
  const DispatcherOptions options_;
  const AsyncRun run_;
  AsyncMetrics metrics_;
  Random& random_;

  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::map<std::string, AsyncLease> running_;  // by id and fence
  std::vector<Finished> finished_;             // and not yet settled
  Monotonic prolong_due_{};
  Monotonic count_due_{};
  Monotonic forget_due_{};
  Monotonic sweep_due_{};
  std::thread thread_;
};

}  // namespace slipway

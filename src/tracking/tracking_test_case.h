// What tracking's tests on databases share: one database, one clock that moves by hand, short ways to make things.
#pragma once

#include <gmock/gmock.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "registry/transact.h"
#include "storage/testing/database_test_case.h"
#include "tracking/experiment_store.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_store.h"

namespace slipway {

inline std::string reason_of(const Status& status) { return status ? "" : status.error().reason; }

class TrackingTestCase : public DatabaseTestCase {
 protected:
  void SetUp() override {
    DatabaseTestCase::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    database_ = open();
    ASSERT_EQ(change([&](Transaction& t) { return experiments_.ensure_default(t); }), "");
  }
  void TearDown() override {
    database_.reset();
    DatabaseTestCase::TearDown();
  }

  template <typename Body>
  auto write(Body&& body) {
    clock_.advance(std::chrono::seconds{1});
    return in_write(*database_, body);
  }
  template <typename Body>
  auto read(Body&& body) {
    return in_read(*database_, body);
  }
  // Body: Transaction& -> Status. The reason of its error, "" where there is none.
  template <typename Body>
  std::string change(Body&& body) {
    clock_.advance(std::chrono::seconds{1});
    return reason_of(database_->write(body));
  }

  std::string make_experiment(std::string_view name) {
    const auto made = write([&](Transaction& t) { return experiments_.create(t, name, "", {}); });
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->id : "";
  }
  std::string make_run(std::string_view experiment_id = kDefaultExperimentId) {
    NewRun wanted;
    wanted.experiment_id = experiment_id;
    wanted.principal = "ana";
    const auto made = write([&](Transaction& t) { return runs_.create(t, wanted); });
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->info.id : "";
  }
  std::string make_model() {
    NewLoggedModel wanted;
    wanted.experiment_id = kDefaultExperimentId;
    wanted.name = "net";
    const auto made = write([&](Transaction& t) { return models_.create(t, wanted); });
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->id : "";
  }
  std::string log(std::string_view run, const std::vector<Metric>& metrics, const std::vector<KeyValue>& params = {},
                  const std::vector<KeyValue>& tags = {}) {
    return change([&](Transaction& t) { return runs_.log(t, run, metrics, params, tags); });
  }
  slipway::Run get(std::string_view id) {
    const auto run = read([&](Transaction& t) { return runs_.get(t, id); });
    EXPECT_TRUE(run) << run.error().message;
    return run.value_or(slipway::Run{});
  }
  std::int64_t count(std::string_view table) {
    const std::string sql = "SELECT COUNT(*) FROM " + std::string(table);
    return read([&](Transaction& t) -> Result<std::int64_t> {
             SLIPWAY_TRY(const std::vector<Row> rows, t.query(sql));
             return rows.front().integer(0);
           })
        .value_or(-1);
  }

  static Metric metric(std::string key, double value, std::int64_t step = 0, std::int64_t time_ms = 1) {
    Metric made;
    made.key = std::move(key);
    made.value = value;
    made.step = step;
    made.time_ms = time_ms;
    return made;
  }

  ManualClock clock_{WallTime{std::chrono::hours{24 * 20000}}};
  ExperimentStore experiments_{clock_};
  RunStore runs_{clock_};
  LoggedModelStore models_{clock_};
  std::unique_ptr<Database> database_;
};

}  // namespace slipway

// The outbox, its leases and the webhooks, on every database.
#include "outbox/outbox.h"

#include "outbox/events.h"
#include "outbox/lease.h"
#include "outbox/webhook.h"
#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class OutboxTest : public DatabaseTestCase {
 protected:
  void SetUp() override {
    DatabaseTestCase::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) database_ = open();
  }
  void TearDown() override {
    database_.reset();
    DatabaseTestCase::TearDown();
  }

  // The value of a body that is expected to go well.
  template <typename T>
  T write(const std::function<Result<T>(Transaction&)>& body) {
    std::optional<T> value;
    const Status status = database_->write([&](Transaction& t) -> Status {
      SLIPWAY_TRY(value, body(t));
      return {};
    });
    EXPECT_TRUE(status) << status.error().message;
    return std::move(value).value_or(T{});
  }
  Status run(const std::function<Status(Transaction&)>& body) { return database_->write(body); }

  static WebhookChange wanted(std::vector<std::string> events = {"model_version_tag.set"}) {
    WebhookChange webhook;
    webhook.name = "audit";
    webhook.url = "https://example.org/hook";
    webhook.events = std::move(events);
    return webhook;
  }
  Webhook make_webhook() {
    return write<Webhook>([&](Transaction& t) { return webhooks_.create(t, wanted()); });
  }
  Status tell(std::string value) {
    clock_.advance(seconds{1});
    return run([&](Transaction& t) { return emit(t, ModelVersionTagSet{"iris", "1", "k", value}, clock_); });
  }
  std::vector<std::string> due() {
    return write<std::vector<std::string>>([&](Transaction& t) { return due_targets(t, clock_.now(), 10); });
  }
  std::optional<Lease> take(const std::string& target) {
    return write<std::optional<Lease>>(
        [&](Transaction& t) { return take_lease(t, target, clock_.now(), clock_.now() + seconds{15}); });
  }
  std::optional<Delivery> next(const std::string& target) {
    return write<std::optional<Delivery>>([&](Transaction& t) { return next_delivery(t, target); });
  }
  Status settle_as(const Lease& lease, const Delivery& delivery, DeliveryState state, seconds retry_in = seconds{0}) {
    const bool is_delivered = state == DeliveryState::kDelivered;
    const DeliveryAttempt attempt{0, clock_.now(), 1'500, is_delivered ? 200 : 500, is_delivered ? "" : "answered 500"};
    const Verdict verdict{state, is_delivered ? 0 : lease.failures + 1, clock_.now() + retry_in};
    return run([&](Transaction& t) {
      return settle(t, lease, delivery, attempt, verdict, limits_, clock_.now(), clock_.now() + seconds{15});
    });
  }
  Delivery reload(const std::string& id) {
    return write<Delivery>([&](Transaction& t) { return outbox_.find(t, id); });
  }

  ManualClock clock_{WallTime{hours{24 * 20'000}}};
  Outbox outbox_{clock_};
  WebhookStore webhooks_{false, clock_};
  DeliveryLimits limits_;
  std::unique_ptr<Database> database_;
};

TEST_P(OutboxTest, ATargetsDeliveriesComeInTheOrderTheyWereWritten) {
  const Webhook webhook = make_webhook();
  for (const char* value : {"1", "2", "3"}) ASSERT_TRUE(tell(value));
  const auto lease = take(webhook.id);
  ASSERT_TRUE(lease);
  for (const char* value : {"1", "2", "3"}) {
    const auto delivery = next(webhook.id);
    ASSERT_TRUE(delivery);
    EXPECT_NE(delivery->body.find(std::string(R"("value":")") + value + '"'), std::string::npos) << delivery->body;
    ASSERT_TRUE(settle_as(*lease, *delivery, DeliveryState::kDelivered));
  }
  EXPECT_FALSE(next(webhook.id));
  EXPECT_TRUE(due().empty());
}

TEST_P(OutboxTest, AFailedDeliveryKeepsItsPlaceAndItsId) {
  const Webhook webhook = make_webhook();
  ASSERT_TRUE(tell("1"));
  ASSERT_TRUE(tell("2"));
  const Lease lease = take(webhook.id).value();
  const Delivery first = next(webhook.id).value();
  ASSERT_TRUE(settle_as(lease, first, DeliveryState::kWaiting, seconds{60}));
  ASSERT_TRUE(run([&](Transaction& t) { return give_up_lease(t, lease); }));
  EXPECT_TRUE(due().empty()) << "the target is left in peace";
  EXPECT_FALSE(take(webhook.id));
  clock_.advance(seconds{60});
  EXPECT_EQ(due(), std::vector<std::string>{webhook.id});
  const Lease again = take(webhook.id).value();
  EXPECT_EQ(again.failures, 1);
  EXPECT_EQ(next(webhook.id)->id, first.id);
  EXPECT_EQ(next(webhook.id)->attempts, 1);
}

TEST_P(OutboxTest, OneNodeAtATimeServesATarget) {
  const Webhook webhook = make_webhook();
  ASSERT_TRUE(tell("1"));
  const Lease first = take(webhook.id).value();
  EXPECT_FALSE(take(webhook.id));
  EXPECT_TRUE(due().empty());
  clock_.advance(seconds{15});
  const Lease second = take(webhook.id).value();
  EXPECT_GT(second.fence, first.fence);
  const Delivery delivery = next(webhook.id).value();
  const Status late = settle_as(first, delivery, DeliveryState::kDelivered);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, "outbox.lease_lost");
  EXPECT_EQ(reload(delivery.id).state, DeliveryState::kWaiting);
  EXPECT_TRUE(settle_as(second, delivery, DeliveryState::kDelivered));
  EXPECT_EQ(reload(delivery.id).state, DeliveryState::kDelivered);
}

TEST_P(OutboxTest, AGivenUpLeaseOfAnotherStays) {
  const Webhook webhook = make_webhook();
  ASSERT_TRUE(tell("1"));
  const Lease first = take(webhook.id).value();
  clock_.advance(seconds{15});
  ASSERT_TRUE(take(webhook.id));
  ASSERT_TRUE(run([&](Transaction& t) { return give_up_lease(t, first); }));
  EXPECT_FALSE(take(webhook.id));
}

TEST_P(OutboxTest, KeepsEachAttempt) {
  const Webhook webhook = make_webhook();
  ASSERT_TRUE(tell("1"));
  const Lease lease = take(webhook.id).value();
  const Delivery delivery = next(webhook.id).value();
  ASSERT_TRUE(settle_as(lease, delivery, DeliveryState::kWaiting));
  ASSERT_TRUE(settle_as(lease, delivery, DeliveryState::kDead));
  EXPECT_EQ(reload(delivery.id).state, DeliveryState::kDead);
  EXPECT_EQ(reload(delivery.id).settled_at, clock_.now());
  // Asked for again, it begins anew under its id, and its attempts go on counting.
  const Delivery again = write<Delivery>([&](Transaction& t) { return outbox_.send_again(t, delivery.id); });
  EXPECT_EQ(again.state, DeliveryState::kWaiting);
  EXPECT_EQ(again.attempts, 0);
  EXPECT_EQ(next(webhook.id)->id, delivery.id);
  EXPECT_FALSE(run([&](Transaction& t) -> Status {
    SLIPWAY_CHECK(outbox_.send_again(t, delivery.id));
    return {};
  })) << "it waits already";
  ASSERT_TRUE(settle_as(lease, delivery, DeliveryState::kDelivered));
  const auto attempts =
      write<std::vector<DeliveryAttempt>>([&](Transaction& t) { return outbox_.attempts(t, delivery.id); });
  ASSERT_EQ(attempts.size(), 3U);
  EXPECT_EQ(attempts[0].number, 1);
  EXPECT_EQ(attempts[0].http_status, 500);
  EXPECT_EQ(attempts[0].error, "answered 500");
  EXPECT_EQ(attempts[0].latency_us, 1'500);
  EXPECT_EQ(attempts[2].number, 3);
  EXPECT_EQ(attempts[2].http_status, 200);
}

TEST_P(OutboxTest, AReceiverThatWasAwayForADayLosesTheBacklogAtOnce) {
  const Webhook webhook = make_webhook();
  ASSERT_TRUE(tell("old"));
  ASSERT_TRUE(tell("old too"));
  clock_.advance(hours{25});
  ASSERT_TRUE(tell("new"));
  const Lease lease = take(webhook.id).value();
  const Delivery oldest = next(webhook.id).value();
  ASSERT_TRUE(settle_as(lease, oldest, DeliveryState::kDead));
  const auto waiting = write<std::vector<Delivery>>(
      [&](Transaction& t) { return outbox_.list(t, webhook.id, DeliveryState::kWaiting, "", 10); });
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_NE(waiting[0].body.find("new"), std::string::npos);
  const auto dead = write<std::vector<Delivery>>(
      [&](Transaction& t) { return outbox_.list(t, webhook.id, DeliveryState::kDead, "", 10); });
  EXPECT_EQ(dead.size(), 2U);
}

TEST_P(OutboxTest, ListsThePageBefore) {
  const Webhook webhook = make_webhook();
  for (const char* value : {"1", "2", "3"}) ASSERT_TRUE(tell(value));
  const auto list = [&](const std::string& before) {
    return write<std::vector<Delivery>>(
        [&](Transaction& t) { return outbox_.list(t, webhook.id, std::nullopt, before, 1); });
  };
  const auto newest = list("");
  ASSERT_EQ(newest.size(), 2U) << "one more than asked for";
  EXPECT_NE(newest[0].body.find(R"("3")"), std::string::npos);
  EXPECT_EQ(list(newest[0].id)[0].id, newest[1].id);
}

TEST_P(OutboxTest, ForgetsWhatIsSettledAndOld) {
  const Webhook webhook = make_webhook();
  ASSERT_TRUE(tell("1"));
  ASSERT_TRUE(tell("2"));
  const Lease lease = take(webhook.id).value();
  const Delivery first = next(webhook.id).value();
  ASSERT_TRUE(settle_as(lease, first, DeliveryState::kDelivered));
  const auto forget = [&] {
    return write<std::int64_t>([&](Transaction& t) { return outbox_.forget(t, clock_.now() - hours{1}, 10); });
  };
  EXPECT_EQ(forget(), 0);
  clock_.advance(hours{2});
  EXPECT_EQ(forget(), 1);
  EXPECT_TRUE(next(webhook.id)) << "what waits stays";
}

TEST_P(OutboxTest, AWebhookThatIsOffGetsNothing) {
  const Webhook webhook = make_webhook();
  ASSERT_TRUE(tell("before"));
  WebhookChange off;
  off.is_active = false;
  EXPECT_FALSE(write<Webhook>([&](Transaction& t) { return webhooks_.update(t, webhook.id, off); }).is_active);
  ASSERT_TRUE(tell("while off"));
  EXPECT_TRUE(due().empty());
  WebhookChange on;
  on.is_active = true;
  write<Webhook>([&](Transaction& t) { return webhooks_.update(t, webhook.id, on); });
  EXPECT_EQ(due().size(), 1U);
  const auto all =
      write<std::vector<Delivery>>([&](Transaction& t) { return outbox_.list(t, webhook.id, std::nullopt, "", 10); });
  ASSERT_EQ(all.size(), 1U);
  EXPECT_NE(all[0].body.find("before"), std::string::npos);
}

TEST_P(OutboxTest, ADeletedWebhookLeavesNothing) {
  const Webhook webhook = make_webhook();
  ASSERT_TRUE(tell("1"));
  ASSERT_TRUE(settle_as(take(webhook.id).value(), next(webhook.id).value(), DeliveryState::kDelivered));
  ASSERT_TRUE(run([&](Transaction& t) { return webhooks_.remove(t, webhook.id); }));
  for (const char* table : {"webhooks", "webhook_events", "outbox", "outbox_attempts", "outbox_leases"}) {
    ASSERT_TRUE(run([&](Transaction& t) -> Status {
      SLIPWAY_TRY(const auto rows, t.query("SELECT COUNT(*) FROM " + std::string(table)));
      EXPECT_EQ(rows.at(0).integer(0), 0) << table;
      return {};
    }));
  }
}

TEST_P(OutboxTest, AWebhookIsChangedMemberByMember) {
  WebhookChange made = wanted({"model_version.approved", "registered_model.created", "registered_model.created"});
  made.secret = Secret("s1");
  const Webhook webhook = write<Webhook>([&](Transaction& t) { return webhooks_.create(t, made); });
  EXPECT_EQ(webhook.events, (std::vector<std::string>{"registered_model.created", "model_version.approved"}));
  WebhookChange change;
  change.name = "other";
  const Webhook changed = write<Webhook>([&](Transaction& t) { return webhooks_.update(t, webhook.id, change); });
  EXPECT_EQ(changed.name, "other");
  EXPECT_EQ(changed.url, webhook.url);
  EXPECT_EQ(changed.events, webhook.events);
  const auto secret = [&] {
    return write<std::string>([&](Transaction& t) -> Result<std::string> {
      SLIPWAY_TRY(const Secret kept, webhooks_.secret(t, webhook.id));
      return std::string(kept.reveal());
    });
  };
  EXPECT_EQ(secret(), "s1");
  WebhookChange second;
  second.secret = Secret("s2");
  second.events = {"model_version.retired"};
  EXPECT_EQ(write<Webhook>([&](Transaction& t) { return webhooks_.update(t, webhook.id, second); }).events,
            std::vector<std::string>{"model_version.retired"});
  EXPECT_EQ(secret(), "s2");
}

TEST_P(OutboxTest, RefusesWebhooksThatCannotWork) {
  const auto refused = [&](WebhookChange change) {
    const Status status = run([&](Transaction& t) -> Status {
      SLIPWAY_CHECK(webhooks_.create(t, change));
      return {};
    });
    return status ? "accepted" : status.error().reason;
  };
  const auto with = [&](auto set) {
    WebhookChange change = wanted();
    set(change);
    return refused(std::move(change));
  };
  EXPECT_EQ(with([](WebhookChange& change) { change.name.reset(); }), "webhook.invalid");
  EXPECT_EQ(with([](WebhookChange& change) { change.url.reset(); }), "webhook.invalid");
  EXPECT_EQ(with([](WebhookChange& change) { change.events.reset(); }), "webhook.invalid");
  for (const std::string& name : {std::string(), std::string("-a"), std::string("a b"), std::string(64, 'a')}) {
    EXPECT_EQ(with([&](WebhookChange& change) { change.name = name; }), "webhook.invalid") << name;
  }
  EXPECT_EQ(with([](WebhookChange& change) { change.events.emplace(); }), "webhook.invalid");
  EXPECT_EQ(with([](WebhookChange& change) { change.events = {{"prompt.created"}}; }), "webhook.invalid");
  EXPECT_EQ(with([](WebhookChange& change) { change.description = std::string(5'000, 'x'); }), "webhook.invalid");
  EXPECT_EQ(with([](WebhookChange& change) { change.secret = Secret("a\xFF"); }), "webhook.invalid");
  EXPECT_EQ(with([](WebhookChange& change) { change.url = "http://127.0.0.1/"; }), "outbox.invalid_url");
  EXPECT_EQ(with([](WebhookChange&) {}), "accepted");
  const Status absent = run([&](Transaction& t) { return webhooks_.remove(t, "none"); });
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().reason, "webhook.not_found");
}

INSTANTIATE_TEST_SUITE_P(Databases, OutboxTest, every_database(), database_name);

}  // namespace
}  // namespace slipway

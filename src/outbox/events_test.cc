#include "outbox/events.h"

#include "base/clock.h"
#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

const WallTime kTime{std::chrono::seconds{1'795'000'000}};

TEST(Events, AreNamedByEntityAndAction) {
  EXPECT_EQ(event_name(RegisteredModelCreated{}), "registered_model.created");
  EXPECT_EQ(event_name(ModelVersionCreated{}), "model_version.created");
  EXPECT_EQ(event_name(ModelVersionTagSet{}), "model_version_tag.set");
  EXPECT_EQ(event_name(ModelVersionTagDeleted{}), "model_version_tag.deleted");
  EXPECT_EQ(event_name(ModelVersionAliasCreated{}), "model_version_alias.created");
  EXPECT_EQ(event_name(ModelVersionAliasDeleted{}), "model_version_alias.deleted");
  using Kind = ModelVersionDecision::Kind;
  const auto decision = [](Kind kind) { return event_name(ModelVersionDecision{kind, "", "", "", "", "", ""}); };
  EXPECT_EQ(decision(Kind::kApprovalRequested), "model_version.approval_requested");
  EXPECT_EQ(decision(Kind::kApproved), "model_version.approved");
  EXPECT_EQ(decision(Kind::kRejected), "model_version.rejected");
  EXPECT_EQ(decision(Kind::kRetired), "model_version.retired");
}

// The members of "data" as MLflow 3.17 documents them for each payload.
TEST(Events, HaveTheMembersOfMlflowsPayloads) {
  EXPECT_EQ(event_body(ModelVersionCreated{"iris", "1", "models:/123", "", {{"k", "v"}}, "text"}, kTime),
            R"({"entity":"model_version","action":"created","timestamp":"2026-11-18T11:06:40.000000Z","data":)"
            R"({"name":"iris","version":"1","source":"models:/123","run_id":null,"tags":{"k":"v"},)"
            R"("description":"text"}})");
  EXPECT_EQ(event_body(RegisteredModelCreated{"iris", {}, ""}, kTime),
            R"({"entity":"registered_model","action":"created","timestamp":"2026-11-18T11:06:40.000000Z","data":)"
            R"({"name":"iris","tags":{},"description":null}})");
  EXPECT_EQ(event_body(ModelVersionAliasDeleted{"iris", "champion"}, kTime),
            R"({"entity":"model_version_alias","action":"deleted","timestamp":"2026-11-18T11:06:40.000000Z","data":)"
            R"({"name":"iris","alias":"champion"}})");
}

class EmitTest : public DatabaseTestCase {};

TEST_P(EmitTest, WritesOneDeliveryForEachActiveWebhookThatAsked) {
  const auto database = open();
  ASSERT_TRUE(database->write([](Transaction& t) -> Status {
    for (const auto& [id, active] : std::vector<std::pair<std::string, std::int64_t>>{{"a", 1}, {"b", 0}, {"c", 1}}) {
      SLIPWAY_CHECK(
          t.execute("INSERT INTO webhooks (id, name, description, url, secret, is_active, created_at, updated_at) "
                    "VALUES ($1, 'n', '', 'https://example.org', '', $2, 0, 0)",
                    {id, active}));
    }
    for (const std::string id : {"a", "b"}) {
      SLIPWAY_CHECK(
          t.execute("INSERT INTO webhook_events (event, webhook) VALUES ('model_version_tag.set', $1)", {id}));
    }
    SLIPWAY_CHECK(emit(t, ModelVersionTagSet{"iris", "1", "k", "v"}));
    return emit(t, ModelVersionTagDeleted{"iris", "1", "k"});
  }));
  ASSERT_TRUE(database->read([](Transaction& t) -> Status {
    SLIPWAY_TRY(const auto rows, t.query("SELECT target, event, state FROM outbox"));
    EXPECT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.at(0).text(0), "a");
    EXPECT_EQ(rows.at(0).text(1), "model_version_tag.set");
    EXPECT_EQ(rows.at(0).text(2), "waiting");
    return {};
  }));
}

TEST_P(EmitTest, TellsNothingOfATransactionThatFailed) {
  const auto database = open();
  ASSERT_TRUE(database->write([](Transaction& t) -> Status {
    SLIPWAY_CHECK(t.execute("INSERT INTO webhooks VALUES ('a', 'n', '', 'https://example.org', '', 1, 0, 0)"));
    SLIPWAY_CHECK(t.execute("INSERT INTO webhook_events (event, webhook) VALUES ('registered_model.created', 'a')"));
    return {};
  }));
  EXPECT_FALSE(database->write([](Transaction& t) -> Status {
    SLIPWAY_CHECK(emit(t, RegisteredModelCreated{"iris", {}, ""}));
    return fail(Code::kAborted, "test.abort", "no");
  }));
  ASSERT_TRUE(database->read([](Transaction& t) -> Status {
    SLIPWAY_TRY(const auto rows, t.query("SELECT id FROM outbox"));
    EXPECT_TRUE(rows.empty());
    return {};
  }));
}

INSTANTIATE_TEST_SUITE_P(Databases, EmitTest, every_database(), database_name);

}  // namespace
}  // namespace slipway

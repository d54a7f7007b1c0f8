#include "registry/registration.h"

#include <gmock/gmock.h>

#include "registry/label_store.h"
#include "registry/registry_test_case.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RegistrationTest : public RegistryTestCase {
 protected:
  Registration make(std::string_view model = "iris", std::string_view source = "mlflow-artifacts:/0/r/artifacts/m") {
    Registration wanted;
    wanted.model = model;
    wanted.source = source;
    wanted.author = "ana";
    auto made = write([&](Transaction& t) { return registrations_.create(t, wanted); });
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(Registration{});
  }
  std::optional<Registration> claim(std::string_view server) {
    auto claimed = write([&](Transaction& t) { return registrations_.claim(t, server, std::chrono::seconds{60}); });
    EXPECT_TRUE(claimed) << claimed.error().message;
    return claimed ? *claimed : std::nullopt;
  }
  void finish(const Registration& claimed, std::string_view server, RegistrationStatus status) {
    EXPECT_TRUE(
        database_->write([&](Transaction& t) { return registrations_.finish(t, claimed, server, status, "because"); }));
  }
  Result<Registration> get(std::int64_t number) {
    return read([&](Transaction& t) { return registrations_.get(t, "iris", number); });
  }

  RegistrationStore registrations_{clock_};
  LabelStore labels_;
};
INSTANTIATE_TEST_SUITE_P(Databases, RegistrationTest, every_database(), database_name);

TEST_P(RegistrationTest, TakesTheNumbersThatPushesTake) {
  make_model();
  const Registration first = make();
  const Version pushed = make_candidate("2.0.0");
  const Registration third = make();
  EXPECT_EQ(first.number, 1);
  EXPECT_EQ(pushed.number, 2);
  EXPECT_EQ(third.number, 3);
  const auto second = get(2);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->id, pushed.id);
  EXPECT_EQ(second->status, RegistrationStatus::kReady);
  EXPECT_EQ(second->source, "mlflow-artifacts:/versions/" + pushed.id);
  EXPECT_EQ(get(4).error().reason, "version.not_found");
}

TEST_P(RegistrationTest, NeedsAModel) {
  Registration wanted;
  wanted.model = "rose";
  wanted.author = "ana";
  EXPECT_EQ(write([&](Transaction& t) { return registrations_.create(t, wanted); }).error().reason, "model.not_found");
}

TEST_P(RegistrationTest, AVersionTakesTheIdAndTheNumberOfItsRegistration) {
  make_model();
  const Registration registration = make();
  NewVersion version = new_version("1.0.0");
  version.reserved = ReservedVersion{registration.id, registration.number};
  version.state_reason = "it is a pickle";
  const auto made = write([&](Transaction& t) { return store_.create_version(t, version); });
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->id, registration.id);
  EXPECT_EQ(made->number, 1);
  EXPECT_EQ(made->state_reason, "it is a pickle");
  EXPECT_EQ(make_draft("1.1.0").number, 2);
}

TEST_P(RegistrationTest, OneServerWorksOnAModelAtATimeInTheOrderOfItsNumbers) {
  make_model();
  ASSERT_TRUE(write([&](Transaction& t) { return store_.create_model(t, "rose", "", "ana"); }));
  make("iris");
  make("iris");
  make("rose");
  const auto first = claim("a");
  const auto second = claim("b");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->model, "iris");
  EXPECT_EQ(first->number, 1);
  EXPECT_EQ(second->model, "rose");
  EXPECT_FALSE(claim("b")) << "number 2 of iris waits for number 1";
  finish(*first, "a", RegistrationStatus::kReady);
  const auto third = claim("b");
  ASSERT_TRUE(third);
  EXPECT_EQ(third->number, 2);
}

TEST_P(RegistrationTest, WhatAStoppedServerHadClaimedIsTakenUpAgain) {
  make_model();
  make();
  ASSERT_TRUE(claim("a"));
  ASSERT_TRUE(database_->write([&](Transaction& t) { return registrations_.release(t, "a"); }));
  const auto again = claim("a");
  ASSERT_TRUE(again);
  clock_.advance(std::chrono::seconds{61});
  const auto taken_over = claim("b");
  ASSERT_TRUE(taken_over) << "a claim that ran out";
  finish(*again, "a", RegistrationStatus::kFailed);
  EXPECT_EQ(get(1)->status, RegistrationStatus::kPending) << "the first server lost its claim";
  finish(*taken_over, "b", RegistrationStatus::kFailed);
  EXPECT_EQ(get(1)->status, RegistrationStatus::kFailed);
  EXPECT_EQ(get(1)->message, "because");
}

TEST_P(RegistrationTest, APostponedOneWaits) {
  make_model();
  make();
  const auto claimed = claim("a");
  ASSERT_TRUE(database_->write(
      [&](Transaction& t) { return registrations_.postpone(t, *claimed, "a", std::chrono::seconds{5}); }));
  EXPECT_FALSE(claim("a"));
  clock_.advance(std::chrono::seconds{6});
  EXPECT_TRUE(claim("a"));
}

TEST_P(RegistrationTest, HiddenNumbersAreNeverUsedAgain) {
  make_model();
  const Registration first = make();
  ASSERT_TRUE(database_->write([&](Transaction& t) -> Status {
    SLIPWAY_CHECK(labels_.set_version_tags(t, first.id, std::vector<Label>{{"a", "b"}}));
    SLIPWAY_CHECK(labels_.set_alias(t, "iris", "best", first.id));
    return registrations_.hide(t, first);
  }));
  EXPECT_EQ(get(1).error().reason, "version.not_found");
  EXPECT_FALSE(claim("a"));
  EXPECT_EQ(read([&](Transaction& t) { return labels_.alias(t, "iris", "best"); }).error().reason, "alias.not_found");
  EXPECT_EQ(make().number, 2);
}

TEST_P(RegistrationTest, FindsTheNewestOfEachStage) {
  make_model();
  for (const std::string_view stage : {"Archived", "Production", "Production", "None"}) {
    const Registration made = make();
    ASSERT_TRUE(database_->write([&](Transaction& t) { return registrations_.set_stage(t, made, stage); }));
  }
  const auto latest = [&](const std::vector<std::string>& stages) {
    std::vector<std::int64_t> numbers;
    const auto found = read([&](Transaction& t) { return registrations_.latest(t, "iris", stages); });
    for (const Registration& registration : *found) numbers.push_back(registration.number);
    return numbers;
  };
  EXPECT_THAT(latest({}), ElementsAre(4, 3, 1));
  EXPECT_THAT(latest({"Production"}), ElementsAre(3));
  EXPECT_THAT(latest({"Staging"}), IsEmpty());
}

TEST_P(RegistrationTest, AModelThatWasDeletedCountsOn) {
  make_model();
  make();
  ASSERT_TRUE(database_->write([&](Transaction& t) { return store_.hide_model(t, "iris", "ana"); }));
  EXPECT_TRUE(read([&](Transaction& t) { return store_.model(t, "iris"); })->is_hidden);
  make_model();
  EXPECT_FALSE(read([&](Transaction& t) { return store_.model(t, "iris"); })->is_hidden);
  EXPECT_EQ(make().number, 2);
}

TEST_P(RegistrationTest, AModelWithoutVersionsCanBeRenamedWithItsReferences) {
  make_model();
  const Registration reference = make("iris", "s3://elsewhere/m");
  ASSERT_TRUE(database_->write([&](Transaction& t) {
    return labels_.set_model_tags(t, "iris", std::vector<Label>{{"team", "flowers"}});
  }));
  const auto renamed = write([&](Transaction& t) { return store_.rename_model(t, "iris", "Rose 2", "ana"); });
  ASSERT_TRUE(renamed) << renamed.error().message;
  EXPECT_EQ(renamed->last_number, 1);
  EXPECT_EQ(read([&](Transaction& t) { return registrations_.get(t, "Rose 2", 1); })->id, reference.id);
  EXPECT_THAT(*read([&](Transaction& t) { return labels_.model_tags(t, "Rose 2"); }),
              ElementsAre(Label{"team", "flowers"}));
  EXPECT_EQ(read([&](Transaction& t) { return store_.model(t, "iris"); }).error().reason, "model.not_found");
  make_model();
  make_draft("1.0.0");
  EXPECT_EQ(write([&](Transaction& t) { return store_.rename_model(t, "iris", "x", "ana"); }).error().reason,
            "model.has_versions");
}

TEST_P(RegistrationTest, AReplacedDraftGoesWithItsRegistration) {
  make_model();
  const Version first = make_draft("1.0.0", "a");
  const Version second = make_draft("1.0.0", "b");
  EXPECT_EQ(get(first.number).error().reason, "version.not_found");
  EXPECT_EQ(get(second.number)->id, second.id);
}

TEST_P(RegistrationTest, TagsAndAliasesOfManyVersionsComeTogether) {
  make_model();
  std::vector<std::string> ids;
  for (int i = 0; i < 130; ++i) ids.push_back(make().id);
  ASSERT_TRUE(database_->write([&](Transaction& t) -> Status {
    for (const std::string& id : ids) SLIPWAY_CHECK(labels_.set_version_tags(t, id, std::vector<Label>{{"id", id}}));
    SLIPWAY_CHECK(labels_.set_alias(t, "iris", "best", ids[0]));
    return labels_.set_alias(t, "iris", "best", ids[129]);
  }));
  const auto tags = read([&](Transaction& t) { return labels_.version_tags(t, ids); });
  ASSERT_TRUE(tags);
  ASSERT_EQ(tags->size(), 130U);
  for (const std::string& id : ids) EXPECT_THAT(tags->at(id), ElementsAre(Label{"id", id}));
  const auto aliases = read([&](Transaction& t) { return labels_.version_aliases(t, ids); });
  ASSERT_TRUE(aliases);
  EXPECT_EQ(aliases->size(), 1U) << "an alias moves";
  EXPECT_THAT(aliases->at(ids[129]), ElementsAre("best"));
  EXPECT_EQ(read([&](Transaction& t) { return labels_.alias(t, "iris", "best"); })->number, 130);
}

TEST(Labels, AliasesThatMeanVersionsAreReserved) {
  for (const char* alias : {"latest", "Latest", "v1", "V12", "", "a b", "a/b", "ü"}) {
    EXPECT_EQ(check_alias(alias).error().reason, "registry.invalid_label") << alias;
  }
  for (const char* alias : {"champion", "v", "v1x", "a-b_C9"}) EXPECT_TRUE(check_alias(alias)) << alias;
}

}  // namespace
}  // namespace slipway

#include "registry/model_store.h"

#include "registry/registry_test_case.h"

namespace slipway {
namespace {

class ModelStoreTest : public RegistryTestCase {};
INSTANTIATE_TEST_SUITE_P(Databases, ModelStoreTest, every_database(), database_name);

TEST_P(ModelStoreTest, KeepsAModel) {
  const auto made = write([&](Transaction& t) { return store_.create_model(t, "iris", "petals", "ana"); });
  ASSERT_TRUE(made) << made.error().message;
  const auto model = read([&](Transaction& t) { return store_.model(t, "iris"); });
  ASSERT_TRUE(model);
  EXPECT_EQ(model->description, "petals");
  EXPECT_EQ(model->created_by, "ana");
  EXPECT_EQ(model->created_at, clock_.now());
  EXPECT_EQ(model->approvals_required, std::nullopt);
  const auto again = write([&](Transaction& t) { return store_.create_model(t, "iris", "", "ben"); });
  EXPECT_EQ(again.error().reason, "model.taken");
  const auto absent = read([&](Transaction& t) { return store_.model(t, "rose"); });
  EXPECT_EQ(absent.error().reason, "model.not_found");
  const auto bad = write([&](Transaction& t) { return store_.create_model(t, "a/iris", "", "ana"); });
  EXPECT_EQ(bad.error().reason, "model.invalid_name");
  const auto nul =
      write([&](Transaction& t) { return store_.create_model(t, "rose", std::string_view("a\0b", 3), "ana"); });
  EXPECT_EQ(nul.error().reason, "registry.invalid_text");
}

TEST_P(ModelStoreTest, ListsModelsByNameInPages) {
  for (const char* const name : {"b", "a.z", "a-z", "a_z", "a", "c"}) {
    ASSERT_TRUE(write([&](Transaction& t) { return store_.create_model(t, name, "", "ana"); }));
  }
  std::vector<std::string> names;
  PageRequest page{2, ""};
  for (int pages = 0; pages < 3; ++pages) {
    const auto found = read([&](Transaction& t) { return store_.models(t, page); });
    ASSERT_TRUE(found) << found.error().message;
    for (const Model& model : found->items) names.push_back(model.name);
    page.token = found->next_token;
  }
  EXPECT_EQ(page.token, "");
  EXPECT_EQ(names, (std::vector<std::string>{"a", "a-z", "a.z", "a_z", "b", "c"}));
  for (const PageRequest& bad : {PageRequest{0, ""}, PageRequest{1001, ""}, PageRequest{1, "zz"},
                                 PageRequest{1, make_page_token("models", "a/b")}}) {
    EXPECT_FALSE(read([&](Transaction& t) { return store_.models(t, bad); }));
  }
}

TEST_P(ModelStoreTest, NumbersVersionsAndReadsThemByEachName) {
  make_model();
  const Version first = make_draft("1.0.0-rc.1", "a");
  const Version second = make_draft("1.0.0", "b");
  EXPECT_EQ(first.number, 1);
  EXPECT_EQ(second.number, 2);
  EXPECT_EQ(second.state, VersionState::kDraft);
  EXPECT_EQ(second.digest, bundle_digest(bundle_of("b")));
  EXPECT_EQ(second.created_at, clock_.now());
  EXPECT_EQ(reload(first)->id, first.id);
  EXPECT_EQ(read([&](Transaction& t) { return store_.version_by_number(t, "iris", 2); })->id, second.id);
  EXPECT_EQ(read([&](Transaction& t) { return store_.version_by_id(t, first.id); })->semver, first.semver);
  for (const char* const id : {"", "x", "00000000-0000-7000-8000-000000000000"}) {
    EXPECT_EQ(read([&](Transaction& t) { return store_.version_by_id(t, id); }).error().reason, "version.not_found");
  }
  EXPECT_EQ(read([&](Transaction& t) { return store_.version_by_number(t, "iris", 3); }).error().reason,
            "version.not_found");
  EXPECT_EQ(read([&](Transaction& t) { return store_.next_minor(t, "iris"); })->to_string(), "1.1.0");
  EXPECT_EQ(read([&](Transaction& t) { return store_.next_minor(t, "rose"); })->to_string(), "1.0.0");
}

TEST_P(ModelStoreTest, VersionNeedsItsModelAndItsBundle) {
  NewVersion version = new_version("1.0.0");
  EXPECT_EQ(write([&](Transaction& t) { return store_.create_version(t, version); }).error().reason, "model.not_found");
  make_model();
  version.digest = sha256("unknown");
  EXPECT_EQ(write([&](Transaction& t) { return store_.create_version(t, version); }).error().reason, "sql.constraint");
}

TEST_P(ModelStoreTest, ListsVersionsNewestFirstInPages) {
  make_model();
  for (const char* const semver : {"1.2.0", "1.10.0", "2.0.0-rc.1", "2.0.0", "0.9.0", "2.0.0-rc.11", "2.0.0-rc.2"})
    make_draft(semver);
  make_candidate("3.0.0");
  std::vector<std::string> found;
  PageRequest page{3, ""};
  do {
    const auto versions = read([&](Transaction& t) { return store_.versions(t, "iris", std::nullopt, page); });
    ASSERT_TRUE(versions) << versions.error().message;
    for (const Version& version : versions->items) found.push_back(version.semver.to_string());
    page.token = versions->next_token;
  } while (!page.token.empty());
  EXPECT_EQ(found, (std::vector<std::string>{"3.0.0", "2.0.0", "2.0.0-rc.11", "2.0.0-rc.2", "2.0.0-rc.1", "1.10.0",
                                             "1.2.0", "0.9.0"}));
  const auto candidates =
      read([&](Transaction& t) { return store_.versions(t, "iris", VersionState::kCandidate, {}); });
  ASSERT_EQ(candidates->items.size(), 1U);
  EXPECT_EQ(candidates->next_token, "");
  const auto waiting = read([&](Transaction& t) { return store_.versions_in_state(t, VersionState::kDraft, {5, ""}); });
  ASSERT_EQ(waiting->items.size(), 5U);
  EXPECT_EQ(waiting->items[0].semver.to_string(), "1.2.0");
  const auto rest = read([&](Transaction& t) {
    return store_.versions_in_state(t, VersionState::kDraft, {5, waiting->next_token});
  });
  ASSERT_EQ(rest->items.size(), 2U);
  EXPECT_EQ(rest->next_token, "");
  EXPECT_FALSE(read([&](Transaction& t) {
    return store_.versions(t, "iris", std::nullopt, {3, waiting->next_token});
  }));
}

TEST_P(ModelStoreTest, DraftIsReplacedByItsAuthorAlone) {
  make_model();
  const Version draft = make_draft("1.0.0", "a");
  NewVersion other = new_version("1.0.0", "b");
  other.author = "ben";
  EXPECT_EQ(write([&](Transaction& t) { return store_.create_version(t, other); }).error().reason, "version.taken");
  EXPECT_EQ(reload(draft)->id, draft.id);
  const Version replaced = make_draft("1.0.0", "b");
  EXPECT_NE(replaced.id, draft.id);
  EXPECT_EQ(replaced.number, 2);
  EXPECT_EQ(replaced.digest, bundle_digest(bundle_of("b")));
  EXPECT_FALSE(read([&](Transaction& t) { return store_.version_by_number(t, "iris", 1); }));
}

TEST_P(ModelStoreTest, SemanticVersionThatWasACandidateIsTakenForGood) {
  make_model();
  const Version candidate = make_candidate("1.0.0");
  const NewVersion again = new_version("1.0.0", "other");
  EXPECT_EQ(write([&](Transaction& t) { return store_.create_version(t, again); }).error().reason, "version.taken");
  ASSERT_TRUE(write([&](Transaction& t) { return store_.reject(t, decision(candidate, "ben", "no")); }));
  EXPECT_EQ(write([&](Transaction& t) { return store_.create_version(t, again); }).error().reason, "version.taken");
  ASSERT_TRUE(write([&](Transaction& t) { return store_.retire(t, "iris", candidate.semver, "ana", ""); }));
  EXPECT_EQ(write([&](Transaction& t) { return store_.create_version(t, again); }).error().reason, "version.taken");
}

TEST_P(ModelStoreTest, ResolvesTheGreatestApprovedVersion) {
  make_model();
  make_approved("1.2.0", "a");
  make_approved("1.3.0", "b");
  make_candidate("1.4.0", "c");
  make_approved("2.0.0-rc.1", "d");
  const auto resolve = [&](std::string_view reference) -> std::string {
    const auto version = read([&](Transaction& t) { return store_.resolve(t, reference); });
    return version ? version->semver.to_string() : version.error().reason;
  };
  EXPECT_EQ(resolve("iris"), "1.3.0");
  EXPECT_EQ(resolve("iris@^1.2"), "1.3.0");
  EXPECT_EQ(resolve("iris@~1.2.0"), "1.2.0");
  EXPECT_EQ(resolve("iris@1.2.0"), "1.2.0");
  EXPECT_EQ(resolve("iris@1"), "1.3.0");
  EXPECT_EQ(resolve("iris@>=2.0.0-rc.0"), "2.0.0-rc.1");
  EXPECT_EQ(resolve("iris@1.4.0"), "version.not_approved");
  EXPECT_EQ(resolve("iris@9.0.0"), "version.not_found");
  EXPECT_EQ(resolve("iris@^3"), "version.not_found");
  EXPECT_EQ(resolve("rose"), "model.not_found");
  ASSERT_TRUE(write([&](Transaction& t) { return store_.retire(t, "iris", SemVer{1, 3, 0, ""}, "ana", "old"); }));
  EXPECT_EQ(resolve("iris"), "1.2.0");
}

TEST_P(ModelStoreTest, FailedTransactionLeavesNothing) {
  make_model();
  const NewVersion version = new_version("1.0.0");
  const Status status = database_->write([&](Transaction& t) -> Status {
    SLIPWAY_CHECK(store_.create_version(t, version));
    return fail(Code::kUnavailable, "test.broken", "broken off");
  });
  EXPECT_EQ(status.error().reason, "test.broken");
  EXPECT_TRUE(read([&](Transaction& t) { return store_.versions(t, "iris", std::nullopt, {}); })->items.empty());
  EXPECT_EQ(read([&](Transaction& t) { return store_.model(t, "iris"); })->last_number, 0);
}

TEST_P(ModelStoreTest, WritesDownWhatHappened) {
  make_model();
  make_approved("1.0.0");
  std::vector<std::string> kinds;
  PageRequest page{2, ""};
  do {
    const auto events = read([&](Transaction& t) { return store_.events(t, "iris", page); });
    ASSERT_TRUE(events) << events.error().message;
    for (const RegistryEvent& event : events->items) kinds.push_back(event.kind + " " + event.principal);
    page.token = events->next_token;
  } while (!page.token.empty());
  EXPECT_EQ(kinds, (std::vector<std::string>{"model.created ana", "version.created ana", "version.candidate ana",
                                             "version.approval ben", "version.approved ben"}));
}

TEST_P(ModelStoreTest, DescribesModels) {
  make_model();
  EXPECT_EQ(write([&](Transaction& t) { return store_.describe_model(t, "iris", "new", "ben"); })->description, "new");
  EXPECT_EQ(write([&](Transaction& t) { return store_.describe_model(t, "rose", "new", "ben"); }).error().reason,
            "model.not_found");
}

}  // namespace
}  // namespace slipway

#include "tracking/logged_model_store.h"

#include "tracking/tracking_test_case.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LoggedModelStoreTest : public TrackingTestCase {
 protected:
  Result<LoggedModel> create(const NewLoggedModel& wanted) {
    return write([&](Transaction& t) { return models_.create(t, wanted); });
  }
  Result<LoggedModel> model(std::string_view id) {
    return read([&](Transaction& t) { return models_.get(t, id); });
  }
  std::string log_params(std::string_view id, const std::vector<KeyValue>& params) {
    return change([&](Transaction& t) { return models_.log_params(t, id, params); });
  }
  std::string set_tags(std::string_view id, const std::vector<KeyValue>& tags) {
    return change([&](Transaction& t) { return models_.set_tags(t, id, tags); });
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, LoggedModelStoreTest, every_database(), database_name);

TEST_P(LoggedModelStoreTest, KeepsAModel) {
  const std::string run = make_run();
  const auto made = create({"0", "net", "transformer", run, {{"b", "1"}, {"a", "2"}}, {{"t", "1"}, {"t", "2"}}, "ana"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made->id, testing::StartsWith("m-"));
  EXPECT_EQ(made->id.size(), 34U);
  const auto kept = model(made->id);
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->experiment_id, "0");
  EXPECT_EQ(kept->name, "net");
  EXPECT_EQ(kept->artifact_uri, "mlflow-artifacts:/0/models/" + made->id + "/artifacts");
  EXPECT_EQ(kept->status, LoggedModelStatus::kPending);
  EXPECT_EQ(kept->model_type, "transformer");
  EXPECT_EQ(kept->source_run_id, run);
  EXPECT_EQ(kept->created_by, "ana");
  EXPECT_EQ(kept->created_ms, clock_.now().time_since_epoch().count() / 1000);
  EXPECT_THAT(kept->params, ElementsAre(KeyValue{"a", "2"}, KeyValue{"b", "1"}));
  EXPECT_THAT(kept->tags, ElementsAre(KeyValue{"t", "2"}));
  EXPECT_THAT(create({"0", "", "", "", {}, {}, ""})->name, testing::MatchesRegex("[a-z]+-[a-z]+-[0-9]+"));
}

TEST_P(LoggedModelStoreTest, RefusesWhatItCannotKeep) {
  EXPECT_EQ(create({"7", "net", "", "", {}, {}, ""}).error().reason, "experiment.not_found");
  EXPECT_EQ(create({"0", "a/b", "", "", {}, {}, ""}).error().reason, "tracking.invalid");
  EXPECT_EQ(create({"0", "net", "", "", {{"p", "1"}, {"p", "1"}}, {}, ""}).error().reason, "tracking.invalid");
  EXPECT_EQ(create({"0", "net", "", "", {}, {{"../t", "1"}}, ""}).error().reason, "tracking.invalid");
  EXPECT_EQ(count("logged_models"), 0);
  EXPECT_EQ(model("m-1").error().reason, "logged_model.not_found");
}

TEST_P(LoggedModelStoreTest, ParamsComeInBatchesAndAreWrittenOnce) {
  const std::string id = make_model();
  for (int batch = 0; batch < 3; ++batch) {
    std::vector<KeyValue> params;
    for (int i = 0; i < 100; ++i) params.push_back({"p" + std::to_string(100 * batch + i), "1"});
    ASSERT_EQ(log_params(id, params), "");
    ASSERT_EQ(log_params(id, params), "");
  }
  EXPECT_EQ(model(id)->params.size(), 300U);
  EXPECT_EQ(log_params(id, {{"new", "1"}, {"p7", "2"}}), "param.changed");
  EXPECT_EQ(model(id)->params.size(), 300U);
  EXPECT_EQ(log_params("m-1", {{"p", "1"}}), "logged_model.not_found");
}

TEST_P(LoggedModelStoreTest, IsFinalized) {
  const std::string id = make_model();
  const auto ready = write([&](Transaction& t) { return models_.finalize(t, id, LoggedModelStatus::kReady); });
  ASSERT_TRUE(ready) << ready.error().message;
  EXPECT_EQ(ready->status, LoggedModelStatus::kReady);
  EXPECT_EQ(model(id)->status, LoggedModelStatus::kReady);
  EXPECT_GT(model(id)->updated_ms, model(id)->created_ms);
  const auto unknown = write([&](Transaction& t) { return models_.finalize(t, "m-1", LoggedModelStatus::kReady); });
  EXPECT_EQ(unknown.error().reason, "logged_model.not_found");
}

TEST_P(LoggedModelStoreTest, TagsAreSetAndDeleted) {
  const std::string id = make_model();
  ASSERT_EQ(set_tags(id, {{"a", "1"}, {"b", "1"}, {"a", "2"}}), "");
  EXPECT_THAT(model(id)->tags, ElementsAre(KeyValue{"a", "2"}, KeyValue{"b", "1"}));
  const auto remove = [&](Transaction& t) { return models_.delete_tag(t, id, "a"); };
  EXPECT_EQ(change(remove), "");
  EXPECT_EQ(change(remove), "tag.not_found");
  EXPECT_EQ(set_tags("m-1", {{"a", "1"}}), "logged_model.not_found");
}

TEST_P(LoggedModelStoreTest, ARemovedOneIsGoneAndMayBeRemovedAgain) {
  const std::string id = make_model();
  const auto remove = [&](Transaction& t) { return models_.remove(t, id); };
  EXPECT_EQ(change(remove), "");
  EXPECT_EQ(model(id).error().reason, "logged_model.not_found");
  EXPECT_EQ(change(remove), "");
  EXPECT_EQ(set_tags(id, {{"a", "1"}}), "");
  EXPECT_EQ(change([&](Transaction& t) { return models_.remove(t, "m-1"); }), "logged_model.not_found");
}

}  // namespace
}  // namespace slipway

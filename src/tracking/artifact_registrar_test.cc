#include "tracking/artifact_registrar.h"

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "registry/memory_object_store.h"
#include "registry/registry_test_case.h"

namespace slipway {
namespace {

using testing::HasSubstr;

constexpr std::string_view kOnnxFlavor = R"(flavors:
  onnx:
    data: model.onnx
  python_function:
    loader_module: mlflow.onnx
signature:
  inputs: '[{"type": "double", "name": "a"}, {"type": "double", "name": "b"}]'
)";
constexpr std::string_view kSklearnFlavor = R"(flavors:
  sklearn:
    pickled_model: model.pkl
  python_function:
    loader_module: mlflow.sklearn
)";

class RegistrarTest : public RegistryTestCase {
 protected:
  void SetUp() override {
    RegistryTestCase::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    push_ = std::make_unique<Push>(*database_, bundles_, store_, clock_,
                                   [this](const Manifest& manifest, const Digest&) -> Result<CheckOutcome> {
                                     checked_.push_back(manifest);
                                     return outcome_;
                                   });
    make_model();
  }

  void put(std::string_view path, std::string_view content) {
    ASSERT_TRUE(bundles_.put_blob(as_bytes(content), sha256(content)));
    const Status put =
        database_->write([&](Transaction& t) { return artifacts_.put(t, path, sha256(content), content.size()); });
    ASSERT_TRUE(put) << put.error().message;
  }
  void put_model(const std::string& folder, std::string_view mlmodel) {
    put(folder + "/MLmodel", mlmodel);
    put(folder + "/model.onnx", "onnx bytes");
  }
  Registration make(std::string_view source, std::string_view semver = "") {
    Registration wanted;
    wanted.model = "iris";
    wanted.source = source;
    wanted.semver = semver;
    wanted.author = "ana";
    auto made = write([&](Transaction& t) { return registrations_.create(t, wanted); });
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(Registration{});
  }
  // False when there is nothing to do.
  bool work() {
    Registrar registrar({.database = *database_,
                         .bundles = bundles_,
                         .push = *push_,
                         .read_graph = [](const Manifest&, const std::string&) -> Result<std::vector<GraphInput>> {
                           return std::vector<GraphInput>{{"X", DataType::kFp32, std::vector<std::int64_t>{-1, 2}}};
                         },
                         .server = "here",
                         .on_finish = [this](const Registration&, const Result<Version>&) { ++finished_; },
                         .clock = clock_});
    const Result<bool> worked = registrar.work();
    EXPECT_TRUE(worked) << worked.error().message;
    return worked.value_or(false);
  }
  Registration get(std::int64_t number) {
    auto found = read([&](Transaction& t) { return registrations_.get(t, "iris", number); });
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(Registration{});
  }
  Result<Version> version(std::int64_t number) {
    return read([&](Transaction& t) { return store_.version_by_number(t, "iris", number); });
  }

  MemoryObjectStore objects_{clock_};
  BundleStore bundles_{objects_};
  ArtifactStore artifacts_{clock_};
  RegistrationStore registrations_{clock_};
  std::unique_ptr<Push> push_;
  Result<CheckOutcome> outcome_ = CheckOutcome{true, "{}", "", ""};
  std::vector<Manifest> checked_;
  int finished_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Databases, RegistrarTest, every_database(), database_name);

TEST_P(RegistrarTest, FilesBecomeACandidateWithTheContractOfTheirSignature) {
  put_model("0/r/artifacts/m", kOnnxFlavor);
  const Registration made = make("mlflow-artifacts:/0/r/artifacts/m");
  ASSERT_TRUE(work());
  EXPECT_FALSE(work());
  EXPECT_EQ(get(1).status, RegistrationStatus::kReady);
  const auto found = version(1);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->id, made.id);
  EXPECT_EQ(found->state, VersionState::kCandidate);
  EXPECT_EQ(found->author, "ana");
  EXPECT_EQ(found->semver.to_string(), "1.0.0");
  ASSERT_EQ(checked_.size(), 1U);
  EXPECT_EQ(checked_[0].model, "model.onnx");
  ASSERT_TRUE(checked_[0].contract);
  const auto contract = bundles_.load(checked_[0], *checked_[0].contract);
  EXPECT_THAT(std::string(as_text(contract->bytes())), HasSubstr("name: \"b\""));
  EXPECT_EQ(finished_, 1);
}

TEST_P(RegistrarTest, AContractBesideTheModelIsTaken) {
  put_model("m", kOnnxFlavor);
  put("m/extra_files/contract.yaml", "apiVersion: v3.1.0");
  make("mlflow-artifacts:/m");
  ASSERT_TRUE(work());
  EXPECT_EQ(checked_.at(0).contract, "extra_files/contract.yaml");
}

TEST_P(RegistrarTest, ASignatureThatTheGraphDoesNotTakeFails) {
  put_model("m", R"(flavors: {onnx: {data: model.onnx}}
signature: {inputs: '[{"type":"tensor","tensor-spec":{"dtype":"float64","shape":[-1,2]}}]'}
)");
  make("mlflow-artifacts:/m");
  ASSERT_TRUE(work());
  EXPECT_EQ(get(1).status, RegistrationStatus::kFailed);
  EXPECT_THAT(get(1).message, HasSubstr("float64"));
  EXPECT_EQ(version(1).error().code, Code::kNotFound);
  EXPECT_TRUE(checked_.empty());
}

TEST_P(RegistrarTest, OtherFlavorsAreKeptAsDraftsWithoutChecks) {
  put("m/MLmodel", kSklearnFlavor);
  put("m/model.pkl", "pickle");
  make("mlflow-artifacts:/m");
  ASSERT_TRUE(work());
  EXPECT_EQ(get(1).status, RegistrationStatus::kReady);
  const auto found = version(1);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->state, VersionState::kDraft);
  EXPECT_FALSE(found->checks_passed);
  EXPECT_THAT(found->state_reason, HasSubstr("skl2onnx"));
  EXPECT_TRUE(checked_.empty());
  EXPECT_EQ(
      write([&](Transaction& t) { return store_.make_candidate(t, "iris", found->semver, "ana"); }).error().reason,
      "version.checks_failed");
}

TEST_P(RegistrarTest, WhatTheChecksRefuseFailsWithTheirReason) {
  put_model("m", kOnnxFlavor);
  outcome_ = fail(Code::kInvalidArgument, "model.not_onnx", "the file is a pickle");
  make("mlflow-artifacts:/m");
  make("mlflow-artifacts:/nothing");
  ASSERT_TRUE(work());
  ASSERT_TRUE(work());
  EXPECT_EQ(get(1).message, "the file is a pickle");
  EXPECT_THAT(get(2).message, HasSubstr("no files"));
  outcome_ = CheckOutcome{false, "{}", "{\"passed\":false}", ""};
  make("mlflow-artifacts:/m");
  ASSERT_TRUE(work());
  EXPECT_EQ(get(3).status, RegistrationStatus::kFailed);
  EXPECT_EQ(version(3)->state, VersionState::kDraft);
}

TEST_P(RegistrarTest, WhatComesBackIsTriedAgain) {
  put_model("m", kOnnxFlavor);
  outcome_ = fail(Code::kUnavailable, "file.error", "no space");
  make("mlflow-artifacts:/m");
  ASSERT_TRUE(work());
  EXPECT_EQ(get(1).status, RegistrationStatus::kPending);
  EXPECT_FALSE(work()) << "not at once";
  outcome_ = CheckOutcome{true, "{}", "", ""};
  clock_.advance(std::chrono::seconds{10});
  ASSERT_TRUE(work());
  EXPECT_EQ(get(1).status, RegistrationStatus::kReady);
}

TEST_P(RegistrarTest, AVersionThatWasMadeBeforeTheServerStoppedIsTheSame) {
  put_model("m", kOnnxFlavor);
  make("mlflow-artifacts:/m");
  ASSERT_TRUE(work());
  ASSERT_TRUE(write([&](Transaction& t) {
    return t.execute("UPDATE registrations SET status = 'PENDING_REGISTRATION' WHERE number = 1");
  }));
  ASSERT_TRUE(work());
  EXPECT_EQ(get(1).status, RegistrationStatus::kReady);
  EXPECT_EQ(checked_.size(), 1U);
}

TEST_P(RegistrarTest, ACopyHasTheBundleOfItsSource) {
  const Version source = make_candidate("3.0.0");
  ASSERT_TRUE(bundles_.put_blob(as_bytes("bytes"), sha256("bytes")));
  ASSERT_TRUE(bundles_.put_manifest(bundle_of("bytes")));
  make("models:/iris/1");
  ASSERT_TRUE(work());
  const auto copied = version(2);
  ASSERT_TRUE(copied) << get(2).message;
  EXPECT_EQ(copied->digest, source.digest);
  EXPECT_EQ(copied->semver.to_string(), "3.1.0");
}

TEST_P(RegistrarTest, ATakenNameFails) {
  put_model("m", kOnnxFlavor);
  make("mlflow-artifacts:/m", "1.5.0");
  ASSERT_TRUE(work());
  EXPECT_EQ(version(1)->semver.to_string(), "1.5.0");
  make("mlflow-artifacts:/m", "1.5.0");
  ASSERT_TRUE(work());
  EXPECT_EQ(get(2).status, RegistrationStatus::kFailed);
  EXPECT_THAT(get(2).message, HasSubstr("1.5.0"));
}

TEST_P(RegistrarTest, SourcesAreToldApart) {
  const auto find = [&](std::string_view source) {
    return read([&](Transaction& t) { return find_source(t, source); });
  };
  EXPECT_EQ(find("mlflow-artifacts:/0/m/")->folder, "0/m");
  EXPECT_EQ(find("mlflow-artifacts:/versions/x")->version_id, "x");
  for (const char* source : {"s3://bucket/m", "path/to/model", "https://example.org/m"})
    EXPECT_TRUE(find(source)->is_elsewhere()) << source;
  for (const char* source :
       {"/etc/passwd", "file:///etc", "mlflow-artifacts:/0/../m", "models:/iris", "models:/iris/x"})
    EXPECT_EQ(find(source).error().code, Code::kInvalidArgument) << source;
  for (const char* source : {"runs:/00000000000000000000000000000000/m", "models:/m-none", "models:/iris/7"})
    EXPECT_EQ(find(source).error().code, Code::kNotFound) << source;
}

}  // namespace
}  // namespace slipway

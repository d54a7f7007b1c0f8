// What the registry's tests on databases share: one database, one clock that moves by hand, short ways to make things.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "registry/bundle_index.h"
#include "registry/model_store.h"
#include "registry/transact.h"
#include "storage/testing/database_test_case.h"

namespace slipway {

class RegistryTestCase : public DatabaseTestCase {
 protected:
  void SetUp() override {
    DatabaseTestCase::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    database_ = open();
  }
  void TearDown() override {
    database_.reset();
    DatabaseTestCase::TearDown();
  }

  // A bundle of one file with this content.
  static Manifest bundle_of(std::string_view content) {
    Manifest manifest;
    manifest.files = {{"model.onnx", content.size(), sha256(content)}};
    manifest.model = "model.onnx";
    return *make_manifest(std::move(manifest));
  }

  Digest index(const Manifest& manifest) {
    const Status status = database_->write([&](Transaction& t) { return index_bundle(t, manifest, clock_); });
    EXPECT_TRUE(status) << status.error().message;
    return bundle_digest(manifest);
  }

  NewVersion new_version(std::string_view semver, std::string_view content = "bytes", bool checks_passed = true) {
    NewVersion version;
    version.model = "iris";
    version.semver = *SemVer::parse(semver);
    version.digest = index(bundle_of(content));
    version.author = "ana";
    version.checks_passed = checks_passed;
    return version;
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

  void make_model() {
    ASSERT_TRUE(write([&](Transaction& t) { return store_.create_model(t, "iris", "", "ana"); }));
  }
  Version make_draft(std::string_view semver, std::string_view content = "bytes") {
    const NewVersion draft = new_version(semver, content);
    auto version = write([&](Transaction& t) { return store_.create_version(t, draft); });
    EXPECT_TRUE(version) << version.error().message;
    return version.value_or(Version{});
  }
  Version make_candidate(std::string_view semver, std::string_view content = "bytes") {
    const Version draft = make_draft(semver, content);
    auto version = write([&](Transaction& t) { return store_.make_candidate(t, "iris", draft.semver, "ana"); });
    EXPECT_TRUE(version) << version.error().message;
    return version.value_or(Version{});
  }
  static DecisionRequest decision(const Version& version, std::string principal, std::string reason = "") {
    return {version.model, version.semver, version.digest, std::move(principal), std::move(reason)};
  }
  Result<ApprovalOutcome> approve(const Version& version, std::string principal) {
    return write([&](Transaction& t) { return store_.approve(t, decision(version, principal)); });
  }
  Version make_approved(std::string_view semver, std::string_view content = "bytes") {
    const auto outcome = approve(make_candidate(semver, content), "ben");
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome ? outcome->version : Version{};
  }
  Result<Version> reload(const Version& version) {
    return read([&](Transaction& t) { return store_.version(t, version.model, version.semver); });
  }
  // As a hand at the database would.
  Result<std::int64_t> raw(std::string_view sql, const SqlArguments& arguments = {}) {
    return in_write(*database_, [&](Transaction& t) { return t.execute(sql, arguments); });
  }

  ManualClock clock_{WallTime{std::chrono::hours{24 * 20000}}};
  ModelStore store_{clock_};
  std::unique_ptr<Database> database_;
};

}  // namespace slipway

#include "protocol/admin/decision.h"

#include <cerrno>
#include <filesystem>
#include <gtest/gtest.h>

#include "audit/query.h"

namespace slipway {
namespace {

class DecisionTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(directory_);
    auto log = audit::AuditLog::open(directory_);
    ASSERT_TRUE(log) << log.error().message;
    log_ = *std::move(log);
    request_.request_id = Id::make();
    request_.principal = std::make_shared<const Principal>(Principal{"ann", "ann", {}});
  }
  void TearDown() override {
    log_.reset();
    std::filesystem::remove_all(directory_);
  }

  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("decision_test-" + Id::make().to_string());
  std::unique_ptr<audit::AuditLog> log_;
  HttpRequest request_;
};

// Otherwise a long name in the path would keep an attempt out of the log.
TEST_F(DecisionTest, RefusalIsRecordedHoweverLongTheNamesOfTheRequest) {
  const std::string model(300, 'm');
  std::string version;
  while (version.size() < 300) version += "\u20ac";  // three bytes: 255 is a whole number of them, 254 is not
  version.insert(0, "v");
  const HttpResponse response =
      DecisionLog(*log_).decide(request_, "model.approve", 200, [&](DecisionSubject& subject) -> Result<std::string> {
        subject.model = model;
        subject.version = version;
        return fail(Code::kPermissionDenied, "approval.by_author", "not by the author");
      });
  EXPECT_EQ(response.status, 403);
  audit::Query wanted;
  wanted.id = request_.request_id;
  const auto page = audit::query(log_->catalog(), wanted);
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->records.size(), 1U);
  const audit::Record record = page->records[0].record();
  EXPECT_EQ(record.outcome, Code::kPermissionDenied);
  EXPECT_EQ(record.model, model.substr(0, 255));
  EXPECT_EQ(record.version, version.substr(0, 253));
}

TEST_F(DecisionTest, NothingIsDecidedWhileNoRecordCanBeKept) {
  log_.reset();
  audit::LogOptions options;
  options.sync_data = [](int) {
    errno = ENOSPC;
    return -1;
  };
  auto failing = audit::AuditLog::open(directory_, options);
  ASSERT_TRUE(failing) << failing.error().message;
  int carried_out = 0;
  const auto decide = [&] {
    return DecisionLog(**failing).decide(request_, "key.create", 201, [&](DecisionSubject&) -> Result<std::string> {
      ++carried_out;
      return "{}";
    });
  };
  const HttpResponse first = decide();  // the log fails under it
  EXPECT_EQ(first.status, 503);
  EXPECT_NE(first.body.find("key.create was carried out, but its record could not be kept"), std::string::npos)
      << first.body;
  const HttpResponse second = decide();
  EXPECT_EQ(second.status, 503);
  EXPECT_NE(second.body.find("key.create was not carried out"), std::string::npos) << second.body;
  EXPECT_NE(second.body.find("audit.failed"), std::string::npos);
  EXPECT_EQ(carried_out, 1);
}

}  // namespace
}  // namespace slipway

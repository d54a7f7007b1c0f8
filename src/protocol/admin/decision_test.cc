#include "protocol/admin/decision.h"

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

}  // namespace
}  // namespace slipway

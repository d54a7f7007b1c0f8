#include "app/refusal_ledger.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "audit/query.h"

namespace slipway {
namespace {

class RefusalLedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto log = audit::AuditLog::open(directory_);
    ASSERT_TRUE(log) << log.error().message;
    log_ = *std::move(log);
  }
  void TearDown() override {
    log_.reset();
    std::filesystem::remove_all(directory_);
  }
  static Refusal forbidden(std::string_view principal, std::string_view model = "iris") {
    return {principal, "access.forbidden", Code::kPermissionDenied, 403, "predict", model, Id::make(), {}};
  }
  // principal, model and details of each record.
  std::vector<std::array<std::string, 3>> records() {
    EXPECT_TRUE(ledger_.flush(*log_, system_clock().now()));
    EXPECT_TRUE(log_->close());
    audit::Query wanted;
    wanted.kind = audit::Kind::kRefusal;
    const auto page = audit::query(log_->catalog(), wanted);
    EXPECT_TRUE(page) << page.error().message;
    std::vector<std::array<std::string, 3>> found;
    for (const auto& match : page->records) {
      const audit::Record record = match.record();
      found.push_back({std::string(record.principal), std::string(record.model), std::string(record.details)});
    }
    return found;
  }

  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("refusal_ledger-" + Id::make().to_string());
  std::unique_ptr<audit::AuditLog> log_;
  RefusalLedger ledger_;
};

TEST_F(RefusalLedgerTest, CountsWhatRepeatsAndKeepsTheFirst) {
  for (int i = 0; i < 1000; ++i) ledger_.note(forbidden("ann", i == 0 ? "iris" : "other"));
  ledger_.note(forbidden("ben"));
  EXPECT_EQ(records(),
            (std::vector<std::array<std::string, 3>>{{"ann", "iris", R"({"reason":"access.forbidden","count":1000})"},
                                                     {"ben", "iris", R"({"reason":"access.forbidden","count":1})"}}));
}

TEST_F(RefusalLedgerTest, FloodOfPrincipalsTakesABoundedNumberOfRecords) {
  for (int i = 0; i < 5000; ++i) ledger_.note(forbidden("p" + std::to_string(i)));
  EXPECT_EQ(records().size(), RefusalLedger::kEntriesMax + 1);
}

TEST_F(RefusalLedgerTest, HostilePathsAreLeftOutOfTheRecord) {
  ledger_.note(forbidden("ann", std::string(300, 'm')));
  ledger_.note(forbidden("ben", "\xff"));
  for (const auto& record : records()) EXPECT_EQ(record[1], "");
}

TEST_F(RefusalLedgerTest, ForgetsWhatItHasRecorded) {
  ledger_.note(forbidden("ann"));
  ASSERT_TRUE(ledger_.flush(*log_, system_clock().now()));
  EXPECT_EQ(records().size(), 1U);
}

}  // namespace
}  // namespace slipway

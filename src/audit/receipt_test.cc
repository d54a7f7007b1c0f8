#include "audit/receipt.h"

#include <gtest/gtest.h>

#include "audit/test_support.h"

namespace slipway::audit {
namespace {

TEST(Receipt, ProvesARecordWithoutTheServer) {
  const TempDirectory directory;
  auto log = open_log(directory.path()).value();
  std::vector<Id> ids;
  for (std::uint64_t i = 0; i < 700; ++i) {
    const Record record = sample_record(i);
    ids.push_back(record.id);
    ASSERT_TRUE(log->append_relaxed(record));
  }
  await([&] { return log->stats().durable_records == 700; });
  for (const std::uint64_t i : {0, 1, 255, 256, 511, 512, 698, 699}) {
    const auto text = receipt(*log, ids[i]);
    ASSERT_TRUE(text) << text.error().message;
    const auto checked = check_receipt(*text, log->public_key());
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_EQ(checked->stored.index, i);
    EXPECT_EQ(checked->stored.record().id, ids[i]);
    EXPECT_EQ(checked->stored.record().latency_us, i);
  }
  EXPECT_EQ(receipt(*log, Id::make()).error().reason, "audit.record_not_found");

  // The same from the files alone, once the log is at rest.
  ASSERT_TRUE(log->close());
  const auto key = stored_public_key(directory.path()).value();
  EXPECT_TRUE(check_receipt(receipt(directory.path(), ids[300]).value(), key));
}

TEST(Receipt, EveryFlippedBitIsRefused) {
  const TempDirectory directory;
  auto log = open_log(directory.path()).value();
  for (std::uint64_t i = 0; i < 11; ++i) ASSERT_TRUE(log->append_durable(sample_record(i)));
  for (const std::uint64_t index : {5, 10}) {
    const std::string text = receipt_at(*log, index).value();
    ASSERT_TRUE(check_receipt(text, log->public_key()));
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
      std::string altered = text;
      altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << bit % 8));
      ASSERT_FALSE(check_receipt(altered, log->public_key())) << "bit " << bit << " of record " << index;
    }
    for (std::size_t size = 0; size < text.size(); ++size) {
      ASSERT_FALSE(check_receipt(std::string_view(text).substr(0, size), log->public_key())) << size;
    }
  }
}

TEST(Receipt, IsRefusedUnderAnotherKey) {
  const TempDirectory directory;
  auto log = open_log(directory.path()).value();
  ASSERT_TRUE(log->append_durable(sample_record(0)));
  const auto stranger = PrivateKey::generate(log->public_key().name());
  EXPECT_EQ(check_receipt(receipt_at(*log, 0).value(), stranger.public_key()).error().reason,
            "audit.signature_invalid");
}

TEST(Receipt, HasTheLinesOfTheFormat) {
  const TempDirectory directory;
  auto log = open_log(directory.path()).value();
  for (std::uint64_t i = 0; i < 2; ++i) ASSERT_TRUE(log->append_durable(sample_record(i)));
  const std::string text = receipt_at(*log, 1).value();
  EXPECT_TRUE(text.starts_with("c2sp.org/tlog-proof@v1\nextra "));
  EXPECT_NE(text.find("\nindex 1\n"), std::string::npos);
  EXPECT_NE(text.find("=\n\nslipway.local/audit\n2\n"), std::string::npos);
  EXPECT_NE(text.find("\n\n\xE2\x80\x94 slipway.local/audit "), std::string::npos);
}

TEST(Receipt, OfAShadowedRequestIsThatOfTheAnswer) {
  const TempDirectory directory;
  auto log = open_log(directory.path()).value();
  Record shadow = sample_record(0);
  shadow.is_shadow = true;
  Record answer = sample_record(1);
  answer.id = shadow.id;
  ASSERT_TRUE(log->append_durable(shadow));
  ASSERT_TRUE(log->append_durable(answer));
  EXPECT_EQ(check_receipt(receipt(*log, answer.id).value(), log->public_key()).value().stored.index, 1);
}

}  // namespace
}  // namespace slipway::audit

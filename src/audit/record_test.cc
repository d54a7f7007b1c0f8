#include "audit/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "audit/test_support.h"
#include "base/bytes.h"

namespace slipway::audit {
namespace {

std::vector<std::byte> leaf_of(const Record& record) {
  std::vector<std::byte> leaf(kLeafBytesMax);
  leaf.resize(encode(record, leaf).value());
  return leaf;
}

RC_GTEST_PROP(Record, DecodeInvertsEncode, ()) {
  const auto text = [] { return *rc::gen::container<std::string>(rc::gen::inRange<char>(0x20, 0x7F)); };
  const auto digest = [] { return sha256(std::to_string(*rc::gen::arbitrary<int>())); };
  const auto cut = [](std::string value) { return value.substr(0, kTextBytesMax); };
  const std::string texts[] = {cut(text()), cut(text()), cut(text()), cut(text()), cut(text()), cut(text()), text()};
  Record record;
  record.time = WallTime{std::chrono::microseconds{*rc::gen::arbitrary<std::int64_t>()}};
  record.id = Id::make();
  record.kind = *rc::gen::element(Kind::kPrediction, Kind::kDecision, Kind::kRefusal);
  record.outcome = static_cast<Code>(*rc::gen::inRange(0, 17));
  record.http_status = *rc::gen::arbitrary<std::uint16_t>();
  record.latency_us = *rc::gen::arbitrary<std::uint32_t>();
  record.is_outlier = *rc::gen::arbitrary<bool>();
  record.is_degraded = *rc::gen::arbitrary<bool>();
  record.is_shadow = *rc::gen::arbitrary<bool>();
  record.action = texts[0];
  record.principal = texts[1];
  record.endpoint = texts[2];
  record.model = texts[3];
  record.version = texts[4];
  record.arm = texts[5];
  record.details = texts[6];
  if (*rc::gen::arbitrary<bool>()) record.bundle = digest();
  if (*rc::gen::arbitrary<bool>()) record.trace = Id::make().bytes();
  if (*rc::gen::arbitrary<bool>()) record.input_commitment = digest();
  if (*rc::gen::arbitrary<bool>()) record.output_commitment = digest();
  const auto leaf = leaf_of(record);
  const auto decoded = decode(leaf);
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(*decoded == record);
  RC_ASSERT(leaf_id(leaf) == record.id);
  RC_ASSERT(leaf_time(leaf) == record.time);
}

// Whatever decodes has this one leaf: encode inverts decode, over leaves with a few bytes changed at random.
RC_GTEST_PROP(Record, NoTwoLeavesAreOneRecord, ()) {
  auto leaf = leaf_of(sample_record(*rc::gen::inRange<std::uint64_t>(0, 20)));
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    leaf[*rc::gen::inRange<std::size_t>(0, leaf.size())] = std::byte{*rc::gen::arbitrary<std::uint8_t>()};
  }
  if (const auto record = decode(leaf)) RC_ASSERT(leaf_of(*record) == leaf);
}

TEST(Record, RefusesEveryCutAndEveryExtension) {
  const auto leaf = leaf_of(sample_record(9));
  for (std::size_t size = 0; size < leaf.size(); ++size) {
    const auto decoded = decode(std::span(leaf).first(size));
    ASSERT_FALSE(decoded) << size;
    ASSERT_EQ(decoded.error().reason, "audit.leaf_invalid");
  }
  auto longer = leaf;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode(longer));
}

TEST(Record, RefusesWhatNoVersionOneLeafHas) {
  const auto leaf = leaf_of(sample_record(0));
  const std::pair<std::size_t, std::uint8_t> changes[] = {{0, 2}, {1, 0}, {1, 4}, {2, 8}, {3, 1}, {4, 17}, {5, 0x85}};
  for (const auto& [offset, value] : changes) {
    auto changed = leaf;
    changed[offset] = std::byte{value};
    EXPECT_FALSE(decode(changed)) << "byte " << offset;
  }
}

TEST(Record, NamesTheFieldThatIsTooLongOrNoText) {
  std::vector<std::byte> out(kLeafBytesMax);
  Record record = sample_record(0);
  const std::string long_text(256, 'x');
  record.principal = long_text;
  const auto too_long = encode(record, out);
  EXPECT_EQ(too_long.error().reason, "audit.record_invalid");
  EXPECT_THAT(too_long.error().message, testing::HasSubstr("'principal' is 256 bytes"));
  record = sample_record(0);
  record.endpoint = "caf\xE9";
  EXPECT_EQ(encode(record, out).error().details.at(0).field, "endpoint");
  record = sample_record(0);
  const std::string long_details(kDetailsBytesMax + 1, ' ');
  record.details = long_details;
  EXPECT_EQ(encode(record, out).error().details.at(0).field, "details");
}

TEST(Record, LargestRecordFitsALeaf) {
  const std::string text(kTextBytesMax, 'x');
  const std::string details(kDetailsBytesMax, 'y');
  Record record = sample_record(0);
  record.action = record.principal = record.endpoint = record.model = record.version = record.arm = text;
  record.details = details;
  record.trace = TraceId{};
  record.output_commitment = sha256("out");
  EXPECT_EQ(decode(leaf_of(record)).value(), record);
}

TEST(Record, JsonLeavesAbsentFieldsOut) {
  Record record;
  record.time = WallTime{std::chrono::seconds(1'700'000'000)};
  record.id = *Id::parse("018bcfe5-6800-7000-8000-000000000001");
  record.action = "predict";
  record.principal = "ana";
  record.is_shadow = true;
  record.latency_us = 42;
  EXPECT_EQ(
      to_json(7, record),
      R"({"index":7,"time":"2023-11-14T22:13:20.000000Z","request_id":"018bcfe5-6800-7000-8000-000000000001",)"
      R"("kind":"prediction","action":"predict","principal":"ana","outcome":"ok","latency_us":42,"shadow":true})");
}

}  // namespace
}  // namespace slipway::audit

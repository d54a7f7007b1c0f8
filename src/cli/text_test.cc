#include "cli/text.h"

#include <gtest/gtest.h>

namespace slipway::cli {
namespace {

TEST(Clean, TakesTheControlOfATerminalAway) {
  EXPECT_EQ(clean("a\x1b[31mb\r\n\tc\x7f"), "a?[31mb???c?");
  EXPECT_EQ(clean("a\nb", true), "a\nb");
  EXPECT_EQ(clean("caf\u00e9 \u20ac"), "caf\u00e9 \u20ac");
  EXPECT_EQ(clean("\u009b31m"), "?31m") << "C1 control sequence introducer";
  EXPECT_EQ(clean("\xff\xc3"), "\uFFFD\uFFFD");
}

TEST(Table, AlignsColumnsByCharacters) {
  Table table({"MODEL", "STATE"});
  table.add({"iris", "approved"});
  table.add({"caf\u00e9-price", ""});
  EXPECT_EQ(table.to_string(),
            "MODEL       STATE\n"
            "iris        approved\n"
            "caf\u00e9-price\n");
}

TEST(Table, HostileCellStaysInItsRow) {
  Table table({"A"});
  table.add({"x\ny"});
  EXPECT_EQ(table.to_string(), "A\nx?y\n");
}

TEST(Facts, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(facts({{"state", "draft"}, {"description", ""}, {"id", "7"}}), "state:  draft\nid:     7\n");
  EXPECT_EQ(facts({}), "");
}

TEST(BytesText, UsesBinaryUnits) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1024), "1.0 KiB");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text((1u << 20) - 1), "1.0 MiB");
  EXPECT_EQ(bytes_text(std::uint64_t{5} << 40), "5.0 TiB");
  EXPECT_EQ(bytes_text(~std::uint64_t{0}), "16384.0 PiB");
}

TEST(ShortTime, DropsFractionAndZone) {
  EXPECT_EQ(short_time("2026-11-24T22:27:32.000001Z"), "2026-11-24 22:27:32");
  EXPECT_EQ(short_time("2026-11-24T22:27:32Z"), "2026-11-24 22:27:32");
  EXPECT_EQ(short_time("never"), "never");
  EXPECT_EQ(short_time(""), "");
}

TEST(CountText, GroupsDigits) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(1234567), "1,234,567");
}

TEST(NumberText, KeepsThreeDigits) {
  EXPECT_EQ(number_text(0.9342105), "0.934");
  EXPECT_EQ(number_text(12.345678), "12.3");
  EXPECT_EQ(number_text(999.6), "1,000");
  EXPECT_EQ(number_text(-1234.5678), "-1,235");
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(0.0000123456), "1.23e-05");
}

TEST(DurationText, PicksItsUnit) {
  EXPECT_EQ(duration_text(5.6789), "5.68 us");
  EXPECT_EQ(duration_text(12345), "12.3 ms");
  EXPECT_EQ(duration_text(1.5e6), "1.5 s");
}

TEST(ErrorText, SaysNothingTwice) {
  const Error error{Code::kInvalidArgument,
                    "contract.violation",
                    "2 values break the contract: age in row 31 is -1, accepted: minimum 0; …",
                    {{"age", 31, "-1", "minimum 0"}, {"age", 3, "-1", "minimum 0"}}};
  EXPECT_EQ(error_text(error),
            "error: 2 values break the contract: age in row 31 is -1, accepted: minimum 0; …\n"
            "  field age, row 3, found -1, rule minimum 0\n"
            "  (contract.violation)\n");
}

TEST(ErrorText, NamesFieldRowFoundAndRule) {
  const Error error{Code::kInvalidArgument,
                    "contract.violated",
                    "2 values break the contract",
                    {{"age", 3, "-1", "minimum 0"}, {"", -1, "", "unique"}, {}}};
  EXPECT_EQ(error_text(error),
            "error: 2 values break the contract\n"
            "  field age, row 3, found -1, rule minimum 0\n"
            "  rule unique\n"
            "  (contract.violated)\n");
}

}  // namespace
}  // namespace slipway::cli

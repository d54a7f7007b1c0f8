#include "registry/csv.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

std::vector<std::vector<std::string>> rows_of(std::string text) {
  const auto table = CsvTable::parse(std::move(text));
  EXPECT_TRUE(table) << table.error().message;
  std::vector<std::vector<std::string>> rows;
  for (std::size_t row = 0; table && row < table->row_count(); ++row) {
    auto& cells = rows.emplace_back();
    for (std::size_t column = 0; column < table->columns().size(); ++column) cells.emplace_back(table->at(row, column));
  }
  return rows;
}
using Rows = std::vector<std::vector<std::string>>;

// RFC 4180, section 2, rules 1 to 7.
TEST(Csv, ReadsRfc4180) {
  EXPECT_EQ(rows_of("x,y,z\r\naaa,bbb,ccc\r\nzzz,yyy,xxx\r\n"), (Rows{{"aaa", "bbb", "ccc"}, {"zzz", "yyy", "xxx"}}));
  EXPECT_EQ(rows_of("x,y,z\naaa,bbb,ccc"), (Rows{{"aaa", "bbb", "ccc"}}));
  EXPECT_EQ(rows_of("x,y,z\n\"aaa\",\"b \r\nbb\",\"ccc\"\nzzz,yyy,xxx"),
            (Rows{{"aaa", "b \r\nbb", "ccc"}, {"zzz", "yyy", "xxx"}}));
  EXPECT_EQ(rows_of("x,y,z\n\"aaa\",\"b\"\"bb\",\"c,c\"\n"), (Rows{{"aaa", "b\"bb", "c,c"}}));
  EXPECT_EQ(rows_of("x,y\n,\n a ,\n"), (Rows{{"", ""}, {" a ", ""}}));
  EXPECT_EQ(rows_of("x,y\n1,"), (Rows{{"1", ""}}));
  EXPECT_EQ(rows_of("x\n\"\"\n"), (Rows{{""}}));
  EXPECT_EQ(rows_of("x,y\n"), Rows{});
}

TEST(Csv, NamesColumnsAndSkipsTheByteOrderMark) {
  const auto table = CsvTable::parse("\xEF\xBB\xBFid,\"the label\"\n1,2\n");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->column("id"), 0U);
  EXPECT_EQ(table->column("the label"), 1U);
  EXPECT_EQ(table->column("ID"), std::nullopt);
}

TEST(Csv, RefusesBrokenTextsWithTheLine) {
  for (const auto& [text, line] : {std::pair<std::string, std::string>{"", "line 1"},
                                   {"a,b\n1,2\n1\n", "line 3"},
                                   {"a,b\n1,2,3\n", "line 2"},
                                   {"a,b\n1,\"2\n3\n", "line 2"},
                                   {"a,a\n", "line 1"},
                                   {"a,b\n\"1\"x,2\n", "line 2"},
                                   {"a,b\nx\"1\",2\n", "line 2"},
                                   {"a,b\n\"1\n\n\",2\n3\n", "line 5"},
                                   {"a\rb\n", "line 1"},
                                   {"a\n\xFF\n", "UTF-8"}}) {
    const auto table = CsvTable::parse(text);
    ASSERT_FALSE(table) << text;
    EXPECT_EQ(table.error().reason, "csv.invalid");
    EXPECT_NE(table.error().message.find(line), std::string::npos) << text << ": " << table.error().message;
  }
}

}  // namespace
}  // namespace slipway

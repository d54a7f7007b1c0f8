#include "score/csv_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace slipway::score {
namespace {

using testing::ElementsAre;

std::vector<std::string> split(std::string_view record, std::string expected_problem = "") {
  std::vector<std::string_view> fields;
  std::deque<std::string> texts;
  EXPECT_EQ(split_record(record, fields, texts), expected_problem);
  return {fields.begin(), fields.end()};
}

// The grammar of RFC 4180, section 2.
TEST(CsvRecord, FieldsAreThoseOfTheStandard) {
  EXPECT_THAT(split("aaa,bbb,ccc"), ElementsAre("aaa", "bbb", "ccc"));
  EXPECT_THAT(split("\"aaa\",\"b\r\nbb\",\"ccc\""), ElementsAre("aaa", "b\r\nbb", "ccc"));
  EXPECT_THAT(split("\"aaa\",\"b\"\"bb\",\"c,cc\""), ElementsAre("aaa", "b\"bb", "c,cc"));
  EXPECT_THAT(split("a,,"), ElementsAre("a", "", ""));
  EXPECT_THAT(split("\"\",x"), ElementsAre("", "x"));
  EXPECT_THAT(split(" a , b "), ElementsAre(" a ", " b "));
}

TEST(CsvRecord, WhatIsNoRecordIsSaid) {
  split("a\"b,c", "a quote inside a field that does not begin with one");
  split("\"a\"b,c", "a field goes on behind its closing quote");
  split("a,\"b", "a quoted field is not closed");
}

TEST(CsvRecord, EndsAtTheFirstLineBreakOutsideQuotes) {
  const auto end = find_record_end("a,\"b\nc\"\"\n\",d\r\nnext\n");
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->size, 12u);
  EXPECT_EQ(end->next, 14u);
  EXPECT_EQ(end->line_breaks, 3u);
  EXPECT_FALSE(find_record_end("a,b").has_value());
  EXPECT_FALSE(find_record_end("a,\"b\n").has_value());
}

TEST(CsvRecord, StrayQuoteDoesNotSwallowTheNextLine) {
  const auto end = find_record_end("5\" pipe,1\n\"a\",2\n");
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->size, 9u);
}

RC_GTEST_PROP(CsvRecord, SplitsWhatWasJoined, ()) {
  const auto character = rc::gen::element('a', ',', '"', '\n', '\r', ' ');
  const auto fields =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(character)));
  std::string record;
  for (const std::string& field : fields) {
    if (&field != fields.data()) record += ',';
    record += '"';
    for (const char c : field) record += c == '"' ? std::string("\"\"") : std::string(1, c);
    record += '"';
  }
  const auto end = find_record_end(record + "\nx,y\n");
  RC_ASSERT(end.has_value());
  RC_ASSERT(end->size == record.size());
  RC_ASSERT(split(record) == fields);
}

}  // namespace
}  // namespace slipway::score

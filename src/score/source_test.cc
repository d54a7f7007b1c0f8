#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <zlib.h>

#include "score/chunk.h"
#include "score/test_file_test.h"

namespace slipway::score {
namespace {

using testing::ElementsAre;
using Lines = std::vector<std::string>;

// "LINE: VALUES" of each row, or "LINE! PROBLEM".
Lines rows_of(RowSource& source, std::size_t rows_max) {
  Lines lines;
  for (;;) {
    const auto chunk = source.next(rows_max).value();
    if (chunk->rows.empty()) return lines;
    EXPECT_LE(chunk->rows.size(), rows_max);
    for (std::size_t i = 0; i < chunk->rows.size(); ++i) {
      std::string line = std::to_string(chunk->rows[i].line);
      if (!chunk->rows[i].problem.empty()) {
        lines.push_back(line + "! " + chunk->rows[i].problem);
        continue;
      }
      line += ':';
      for (const Value& value : chunk->values(i)) append_json(line += ' ', value);
      lines.push_back(line);
    }
  }
}

std::unique_ptr<RowSource> open(const std::string& path, std::vector<std::size_t> columns) {
  auto source = open_rows(path, file_kind(path).value().format).value();
  source->select(std::move(columns));
  return source;
}

// Whatever the size of a chunk, reading goes on behind each as if it had not stopped.
void expect_same_after_each_stop(const std::string& path, const std::vector<std::size_t>& columns, const Lines& all) {
  for (std::size_t rows_max = 1; rows_max <= 4; ++rows_max) {
    auto first = open(path, columns);
    Lines read;
    for (;;) {
      const auto rest = open(path, columns);
      ASSERT_TRUE(rest->seek(first->position()));
      Lines lines = rows_of(*rest, rows_max);
      ASSERT_EQ(lines, Lines(all.begin() + static_cast<std::ptrdiff_t>(read.size()), all.end()));
      const auto chunk = first->next(rows_max).value();
      EXPECT_EQ(chunk->end, first->position());
      if (chunk->rows.empty()) break;
      read.resize(read.size() + chunk->rows.size());
    }
    EXPECT_EQ(read.size(), all.size());
  }
}

constexpr std::string_view kCsv =
    "\xEF\xBB\xBF"
    "a,b,c\r\n"
    "1,\"two\nlines\",x\r\n"
    "\r\n"
    "2,\"a \"\"quote\"\"\",\n"
    "3,short\n"
    "4,Gr\xC3\xBC\xC3\x9F"
    "e,y\n"
    "5,latin \xFC,y\n"
    "6,\"open,z";

const Lines kCsvRows = {
    R"(2: "x" "two\nlines")", R"(5: "" "a \"quote\"")",  "6! the row has 2 fields; the header has 3",
    "7: \"y\" \"Grüße\"",     "8! the row is not UTF-8", "9! a quoted field is not closed"};

TEST(Source, CsvRowsHaveTheirLines) {
  const TestFiles files;
  const std::string path = files.write("a.csv", kCsv);
  const auto source = open(path, {2, 1});
  EXPECT_THAT(source->columns(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(rows_of(*source, 100), kCsvRows);
  EXPECT_EQ(source->progress(), 1);
  expect_same_after_each_stop(path, {2, 1}, kCsvRows);
}

TEST(Source, CompressedTextIsTheSame) {
  const TestFiles files;
  const std::string path = files.path("a.csv.gz");
  for (const std::string_view part : {kCsv.substr(0, 20), kCsv.substr(20)}) {  // two members
    gzFile file = gzopen(path.c_str(), "ab");
    gzwrite(file, part.data(), static_cast<unsigned>(part.size()));
    gzclose(file);
  }
  expect_same_after_each_stop(path, {2, 1}, kCsvRows);
  const std::string whole = files.read("a.csv.gz");
  const auto broken = open(files.write("b.csv.gz", whole.substr(0, whole.size() - 9)), {0});
  Result<std::unique_ptr<Chunk>> last = broken->next(1);
  while (last && !(*last)->rows.empty()) last = broken->next(1);
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().reason, "score.unreadable_input");
}

TEST(Source, CsvWithoutAUsableHeader) {
  const TestFiles files;
  const auto reason = [&](std::string_view text) {
    return open_rows(files.write("a.csv", text), FileFormat::kCsv).error().reason;
  };
  EXPECT_EQ(reason(""), "score.no_header");
  EXPECT_EQ(reason("\n\n"), "score.no_header");
  EXPECT_EQ(reason("\"a\n1,2\n"), "score.no_header");
  EXPECT_EQ(reason("a,b,a\n"), "score.duplicate_column");
  EXPECT_EQ(open_rows(files.path("absent.csv"), FileFormat::kCsv).error().code, Code::kNotFound);
  EXPECT_TRUE(rows_of(*open(files.write("b.csv", "a,b"), {0}), 1).empty());
}

TEST(Source, JsonLines) {
  const TestFiles files;
  const std::string path = files.write("a.jsonl",
                                       "not json\n"
                                       R"({"a": 1, "b": [1.5, [null, "x"]], "c": true})"
                                       "\r\n\n"
                                       R"({"b": 18446744073709551615, "other": {}})"
                                       "\n"
                                       R"({"a": {"no": 1}})"
                                       "\n"
                                       "[1]\n"
                                       R"({"a": "Gr\u00fc\u00dfe", "b": -1})");
  const auto source = open(path, {0, 1});
  EXPECT_THAT(source->columns(), ElementsAre("a", "b", "c"));
  const Lines rows = rows_of(*source, 100);
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_THAT(rows[0], testing::StartsWith("1! the line is not JSON"));
  EXPECT_EQ(rows[1], R"(2: 1 [1.5,[null,"x"]])");
  EXPECT_EQ(rows[2], "4: null 18446744073709551615");
  EXPECT_EQ(rows[3], "5! member a is an object, or holds one");
  EXPECT_EQ(rows[4], "6! the line is not a JSON object");
  EXPECT_EQ(rows[5], "7: \"Grüße\" -1");
  expect_same_after_each_stop(path, {0, 1}, rows);
}

std::string write_parquet_file(const TestFiles& files) {
  arrow::Int32Builder numbers;
  arrow::StringBuilder texts;
  auto items = std::make_shared<arrow::FloatBuilder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), items);
  for (int i = 0; i < 7; ++i) {
    EXPECT_TRUE((i == 2 ? numbers.AppendNull() : numbers.Append(i)).ok());
    EXPECT_TRUE(texts.Append("text " + std::to_string(i)).ok());
    EXPECT_TRUE(lists.Append().ok() && items->Append(static_cast<float>(i) / 10).ok() && items->AppendNull().ok());
  }
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("list", arrow::list(arrow::float32())),
                                        arrow::field("number", arrow::int32()), arrow::field("text", arrow::utf8())}),
                         {lists.Finish().ValueOrDie(), numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
  const auto out = arrow::io::FileOutputStream::Open(files.path("a.parquet")).ValueOrDie();
  EXPECT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, 3).ok());  // groups of three rows
  EXPECT_TRUE(out->Close().ok());
  return files.path("a.parquet");
}

TEST(Source, Parquet) {
  const TestFiles files;
  const std::string path = write_parquet_file(files);
  const auto source = open(path, {2, 0, 1});
  EXPECT_THAT(source->columns(), ElementsAre("list", "number", "text"));
  EXPECT_EQ(source->kind_of(0), Value::Kind::kText);
  EXPECT_EQ(source->kind_of(1), Value::Kind::kInt);
  Lines expected;
  for (int i = 0; i < 7; ++i) {
    const std::string digit = std::to_string(i);
    expected.push_back(std::to_string(i + 1) + ": \"text " + digit + "\" [" + (i == 0 ? "0" : "0." + digit) +
                       ",null] " + (i == 2 ? "null" : digit));
  }
  EXPECT_EQ(rows_of(*source, 4), expected);
  expect_same_after_each_stop(path, {2, 0, 1}, expected);
  EXPECT_EQ(open_rows(files.write("b.parquet", "PAR1 no more"), FileFormat::kParquet).error().reason,
            "score.unreadable_input");
}

TEST(Source, AFileThatBecameShorterIsNotGoneOnWith) {
  const TestFiles files;
  for (const std::string& path : {files.write("a.csv", "a\n1\n"), write_parquet_file(files)}) {
    const Status sought = open(path, {0})->seek({1'000, 100});
    ASSERT_FALSE(sought);
    EXPECT_EQ(sought.error().reason, "score.input_shorter");
  }
}

TEST(Source, TheExtensionSaysTheFormat) {
  EXPECT_EQ(file_kind("a.b.csv").value().format, FileFormat::kCsv);
  EXPECT_EQ(file_kind("a.ndjson.gz").value().format, FileFormat::kJsonLines);
  EXPECT_TRUE(file_kind("a.ndjson.gz").value().is_compressed);
  EXPECT_EQ(file_kind("a.parquet").value().format, FileFormat::kParquet);
  for (const char* path : {"a", "a.xlsx", "a.parquet.gz", "csv"}) EXPECT_FALSE(file_kind(path)) << path;
}

}  // namespace
}  // namespace slipway::score

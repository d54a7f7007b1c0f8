#include "score/row_writer.h"

#include <arrow/io/file.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>

#include "score/test_file_test.h"

namespace slipway::score {
namespace {

// Two rows of a model that gives a label and a matrix of 1 x 2, with a kept column before them.
class RowWriterTest : public testing::Test {
 protected:
  RowWriterTest() {
    plan_.columns = {"id"};
    plan_.kept = {{"id", 0}};
    plan_.outputs = {row_tensor({"label", DataType::kBytes, {-1}}, true),
                     row_tensor({"scores", DataType::kFp32, {-1, 1, 2}}, true)};
    answer_.shapes = {{2}, {2, 1, 2}};
    answer_.strings = {{"a,b", "Grüße"}};
    const std::vector<float> scores = {0.1F, std::numeric_limits<float>::quiet_NaN(), 1, -0.5F};
    answer_.body = std::make_unique<std::string>(reinterpret_cast<const char*>(scores.data()), 16);
    answer_.outputs = {{"label", DataType::kBytes, answer_.shapes[0], {}, answer_.strings[0]},
                       {"scores", DataType::kFp32, answer_.shapes[1], std::as_bytes(std::span(*answer_.body)), {}}};
  }

  std::string written(FileFormat format, Value::Kind kind) {
    const auto writer = make_row_writer(format, plan_, {kind}).value();
    std::string bytes = writer->header().value();
    for (std::size_t row = 0; row < 2; ++row) {
      const Value id = row == 0                    ? Value()
                       : kind == Value::Kind::kInt ? Value::of(std::int64_t{7})
                                                   : Value::cell("\"7\"");
      EXPECT_TRUE(writer->add(std::span(&id, 1), answer_, row));
      if (row == 0) bytes += writer->take().value();
    }
    return bytes + writer->take().value();
  }

  Plan plan_;
  Answer answer_;
};

TEST_F(RowWriterTest, Csv) {
  EXPECT_EQ(written(FileFormat::kCsv, Value::Kind::kText),
            "id,label,scores_0,scores_1\n"
            ",\"a,b\",0.1,NaN\n"
            "\"\"\"7\"\"\",Grüße,1,-0.5\n");
}

TEST_F(RowWriterTest, CsvHasNoBlankRow) {
  plan_.outputs = {row_tensor({"label", DataType::kBytes, {-1}}, true)};
  plan_.kept.clear();
  answer_.strings[0] = {"", "x"};
  EXPECT_EQ(written(FileFormat::kCsv, Value::Kind::kText), "label\n\"\"\nx\n");
}

TEST_F(RowWriterTest, CsvRefusesOutputsOfVariableWidth) {
  plan_.outputs = {row_tensor({"scores", DataType::kFp32, {-1, -1}}, true)};
  EXPECT_EQ(make_row_writer(FileFormat::kCsv, plan_, {Value::Kind::kText}).error().reason, "score.variable_output");
}

TEST_F(RowWriterTest, JsonLines) {
  EXPECT_EQ(written(FileFormat::kJsonLines, Value::Kind::kInt),
            "{\"id\":null,\"label\":\"a,b\",\"scores\":[[0.1,null]]}\n"
            "{\"id\":7,\"label\":\"Grüße\",\"scores\":[[1,-0.5]]}\n");
}

TEST_F(RowWriterTest, Parquet) {
  const TestFiles files;
  files.write("stream", written(FileFormat::kParquet, Value::Kind::kInt));
  ASSERT_TRUE(write_parquet(files.path("stream"), files.path("a.parquet")));
  const auto input = arrow::io::ReadableFile::Open(files.path("a.parquet")).ValueOrDie();
  const auto reader = parquet::arrow::OpenFile(input, arrow::default_memory_pool()).ValueOrDie();
  const std::shared_ptr<arrow::Table> table = reader->ReadTable().ValueOrDie();
  EXPECT_EQ(table->num_rows(), 2);
  EXPECT_EQ(table->schema()->ToString(), "id: int64\nlabel: string\nscores: list<element: list<element: float>>");
  const auto last = [&](int column) { return table->column(column)->GetScalar(1).ValueOrDie()->ToString(); };
  EXPECT_EQ(last(0), "7");
  EXPECT_EQ(last(1), "Grüße");
  EXPECT_FALSE(table->column(0)->GetScalar(0).ValueOrDie()->is_valid);
  EXPECT_EQ(table->column(2)->GetScalar(1).ValueOrDie()->ToString(),
            "list<element: list<element: float>>[list<element: float>[1, -0.5]]");
}

TEST_F(RowWriterTest, ABrokenStreamBecomesNoFile) {
  const TestFiles files;
  const std::string stream = written(FileFormat::kParquet, Value::Kind::kInt);
  files.write("stream", stream.substr(0, stream.size() - 10));
  const Status written = write_parquet(files.path("stream"), files.path("a.parquet"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().reason, "score.write_failed");
}

}  // namespace
}  // namespace slipway::score

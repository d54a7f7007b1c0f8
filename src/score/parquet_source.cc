#include "score/parquet_source.h"

#include <algorithm>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <set>

#include "base/bytes.h"
#include "score/arrow_value.h"

namespace slipway::score {
namespace {

constexpr std::int64_t kBatchRows = 4096;

class ParquetSource final : public RowSource {
 public:
  explicit ParquetSource(std::string path) : path_(std::move(path)) {}

  Status open() {
    parquet::ReaderProperties properties;
    properties.enable_buffered_stream();  // pages, not whole column chunks
    parquet::ArrowReaderProperties arrow_properties(false);
    arrow_properties.set_batch_size(kBatchRows);
    arrow_properties.set_pre_buffer(false);
    auto file = arrow::io::ReadableFile::Open(path_);
    if (!file.ok()) return fail(Code::kNotFound, "score.unreadable_input", path_ + ": " + file.status().message());
    parquet::arrow::FileReaderBuilder builder;
    SLIPWAY_CHECK(checked(builder.Open(*file, properties)));
    SLIPWAY_CHECK(checked(builder.properties(arrow_properties)->Build(&reader_)));
    SLIPWAY_CHECK(checked(reader_->GetSchema(&schema_)));
    std::set<std::string_view> names;
    for (const auto& field : schema_->fields()) {
      if (!names.insert(field->name()).second) {
        return fail(Code::kInvalidArgument, "score.duplicate_column",
                    path_ + " has two columns that are named " + slipway::quoted(field->name()));
      }
      columns_.push_back(field->name());
    }
    const auto metadata = reader_->parquet_reader()->metadata();
    rows_total_ = static_cast<std::uint64_t>(metadata->num_rows());
    return {};
  }

  std::span<const std::string> columns() const noexcept override { return columns_; }

  Value::Kind kind_of(std::size_t column) const noexcept override {
    return score::kind_of(*schema_->field(static_cast<int>(column))->type()).value_or(Value::Kind::kNull);
  }

  void select(std::vector<std::size_t> columns) override { selected_ = std::move(columns); }

  Position position() const noexcept override { return {row_, row_ + 1}; }

  Status seek(const Position& position) override {
    if (position.offset > rows_total_) {
      return fail(Code::kDataLoss, "score.input_shorter", path_ + " ends before what was already scored of it");
    }
    row_ = position.offset;
    batch_ = nullptr;
    batches_ = nullptr;
    return {};
  }

  Result<std::unique_ptr<Chunk>> next(std::size_t rows_max) override {
    auto chunk = std::make_unique<Chunk>();
    chunk->width = selected_.size();
    if (batches_ == nullptr) SLIPWAY_CHECK(start_reading());
    const std::uint64_t rows_left = rows_total_ - row_;
    chunk->rows.resize(static_cast<std::size_t>(std::min<std::uint64_t>(rows_max, rows_left)));
    chunk->values_of_rows.resize(chunk->rows.size() * chunk->width);
    for (std::size_t done = 0; done < chunk->rows.size();) {
      SLIPWAY_CHECK(need_batch());
      const auto count =
          std::min<std::int64_t>(batch_->num_rows() - at_, static_cast<std::int64_t>(chunk->rows.size() - done));
      for (std::size_t column = 0; column < chunk->width; ++column) fill_column(*chunk, column, done, count);
      for (std::int64_t i = 0; i < count; ++i, ++done) {
        Row& row = chunk->rows[done];
        row.line = ++row_;
        row.values = chunk->values_of_rows.data() + done * chunk->width;
      }
      at_ += count;
    }
    chunk->end = position();
    return chunk;
  }

  double progress() const noexcept override {
    return rows_total_ == 0 ? 1 : static_cast<double>(row_) / static_cast<double>(rows_total_);
  }

 private:
  Status checked(const arrow::Status& status) const {
    if (status.ok()) return {};
    return fail(Code::kDataLoss, "score.unreadable_input", path_ + ": " + status.message());
  }

  // The leaves of a list stand below its column.
  std::vector<int> selected_leaves() const {
    const parquet::SchemaDescriptor& schema = *reader_->parquet_reader()->metadata()->schema();
    std::vector<int> leaves;
    for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
      const std::string& root = schema.GetColumnRoot(leaf)->name();
      const auto is_it = [&](std::size_t column) { return columns_[column] == root; };
      if (std::any_of(selected_.begin(), selected_.end(), is_it)) leaves.push_back(leaf);
    }
    return leaves;
  }

  // From the row group that row_ stands in.
  Status start_reading() {
    const auto metadata = reader_->parquet_reader()->metadata();
    std::vector<int> groups;
    std::uint64_t first_row = 0;
    std::uint64_t skipped = 0;
    for (int group = 0; group < metadata->num_row_groups(); ++group) {
      const auto rows = static_cast<std::uint64_t>(metadata->RowGroup(group)->num_rows());
      if (first_row + rows > row_) groups.push_back(group);
      first_row += rows;
      if (groups.empty()) skipped = first_row;
    }
    auto batches = reader_->GetRecordBatchReader(groups, selected_leaves());
    SLIPWAY_CHECK(checked(batches.status()));
    batches_ = std::move(*batches);
    for (std::uint64_t left = row_ - skipped; left > 0;) {
      SLIPWAY_CHECK(need_batch());
      const auto count = std::min(static_cast<std::uint64_t>(batch_->num_rows() - at_), left);
      at_ += static_cast<std::int64_t>(count);
      left -= count;
    }
    return {};
  }

  // Leaves a batch with a row that was not taken yet.
  Status need_batch() {
    while (batch_ == nullptr || at_ == batch_->num_rows()) {
      SLIPWAY_CHECK(checked(batches_->ReadNext(&batch_)));
      at_ = 0;
      if (batch_ == nullptr) {
        return fail(Code::kDataLoss, "score.unreadable_input", path_ + " has fewer rows than its footer says");
      }
    }
    return {};
  }

  void fill_column(Chunk& chunk, std::size_t column, std::size_t first_row, std::int64_t count) const {
    const std::shared_ptr<arrow::Array> array = batch_->GetColumnByName(columns_[selected_[column]]);
    chunk.owners.push_back(array);
    for (std::int64_t i = 0; i < count; ++i) {
      chunk.values_of_rows[(first_row + static_cast<std::size_t>(i)) * chunk.width + column] =
          value_at(*array, at_ + i, chunk);
    }
  }

  std::string path_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> selected_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::int64_t at_ = 0;  // in batch_
  std::uint64_t row_ = 0;
  std::uint64_t rows_total_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowSource>> open_parquet(const std::string& path) {
  auto source = std::make_unique<ParquetSource>(path);
  SLIPWAY_CHECK(source->open());
  return source;
}

}  // namespace slipway::score

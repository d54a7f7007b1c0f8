#include "score/csv_source.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "score/csv_record.h"
#include "score/text_file.h"
#include "score/text_limits.h"

namespace slipway::score {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kNotSelected = static_cast<std::size_t>(-1);

class CsvSource final : public RowSource {
 public:
  explicit CsvSource(TextFile file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Status read_header() {
    SLIPWAY_CHECK(skip_byte_order_mark());
    for (;;) {
      SLIPWAY_TRY(const std::optional<RecordEnd> end, record_end());
      if (!end) return invalid("score.no_header", "is empty; a first line with the names of the columns is expected");
      const std::string_view record = file_.window().substr(0, end->size);
      const bool is_blank = record.empty();
      if (!is_blank) SLIPWAY_CHECK(take_header(record));
      advance(*end);
      if (!is_blank) return {};
    }
  }

  std::span<const std::string> columns() const noexcept override { return columns_; }

  Value::Kind kind_of(std::size_t) const noexcept override { return Value::Kind::kText; }

  void select(std::vector<std::size_t> columns) override {
    selected_of_.assign(columns_.size(), kNotSelected);
    for (std::size_t i = 0; i < columns.size(); ++i) selected_of_[columns[i]] = i;
    width_ = columns.size();
  }

  Position position() const noexcept override { return {file_.offset(), line_}; }

  Status seek(const Position& position) override {
    SLIPWAY_CHECK(file_.seek(position.offset));
    line_ = position.line;
    return {};
  }

  Result<std::unique_ptr<Chunk>> next(std::size_t rows_max) override {
    auto chunk = std::make_unique<Chunk>();
    chunk->width = width_;
    std::vector<std::size_t> begins;
    while (chunk->rows.size() < rows_max && chunk->text.size() < kChunkBytesMax) {
      SLIPWAY_TRY(const std::optional<RecordEnd> end, record_end());
      if (!end) break;
      const std::string_view record = file_.window().substr(0, end->size);
      if (!record.empty()) {
        Row& row = chunk->rows.emplace_back();
        row.line = line_;
        begins.push_back(chunk->text.size());
        chunk->text.insert(chunk->text.end(), record.begin(), record.end());
      }
      advance(*end);
    }
    begins.push_back(chunk->text.size());
    chunk->end = position();
    fill_rows(*chunk, begins);
    return chunk;
  }

  double progress() const noexcept override { return file_.progress(); }

 private:
  tl::unexpected<Error> invalid(std::string_view reason, const std::string& why) const {
    return fail(Code::kInvalidArgument, reason, path_ + ' ' + why);
  }

  Status skip_byte_order_mark() {
    SLIPWAY_CHECK(file_.fill());
    if (file_.window().starts_with(kByteOrderMark)) file_.consume(kByteOrderMark.size());
    return {};
  }

  // Nothing at the end of the file.
  Result<std::optional<RecordEnd>> record_end() {
    for (;;) {
      const std::string_view text = file_.window();
      if (const auto end = find_record_end(text)) return end;
      if (text.size() > kRowBytesMax) {
        return fail(Code::kDataLoss, "score.unreadable_input",
                    path_ + ": the row that begins in line " + std::to_string(line_) +
                        " does not end within 16 MiB; is a quoted field not closed?");
      }
      SLIPWAY_TRY(const bool has_more, file_.fill());
      if (has_more) continue;
      const std::string_view last = file_.window();
      if (last.empty()) return std::nullopt;
      const std::size_t size = last.size() - (last.ends_with('\r') ? 1 : 0);
      return RecordEnd{size, last.size(), 1};
    }
  }

  void advance(const RecordEnd& end) {
    file_.consume(end.next);
    line_ += end.line_breaks;
  }

  Status take_header(std::string_view record) {
    std::vector<std::string_view> fields;
    std::deque<std::string> texts;
    std::string problem = split_record(record, fields, texts);
    if (problem.empty() && !is_utf8(record)) problem = "it is not UTF-8";
    if (!problem.empty()) return invalid("score.no_header", "has no header in its first line: " + problem);
    std::set<std::string_view> names;
    for (const std::string_view name : fields) {
      if (!names.insert(name).second) {
        return invalid("score.duplicate_column", "has two columns that are named " + slipway::quoted(name));
      }
      columns_.emplace_back(name);
    }
    return {};
  }

  void fill_rows(Chunk& chunk, const std::vector<std::size_t>& begins) const {
    chunk.values_of_rows.reserve(chunk.rows.size() * width_);
    const std::string_view all(chunk.text.data(), chunk.text.size());
    const bool is_all_utf8 = is_utf8(all);
    std::vector<std::string_view> fields;
    for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
      Row& row = chunk.rows[i];
      row.text = all.substr(begins[i], begins[i + 1] - begins[i]);
      row.problem = split_record(row.text, fields, chunk.texts);
      if (!is_all_utf8 && !is_utf8(row.text)) row.problem = "the row is not UTF-8";
      if (row.problem.empty() && fields.size() != columns_.size()) {
        row.problem = "the row has " + std::to_string(fields.size()) + (fields.size() == 1 ? " field" : " fields") +
                      "; the header has " + std::to_string(columns_.size());
      }
      if (row.problem.empty()) add_values(chunk, row, fields);
    }
  }

  void add_values(Chunk& chunk, Row& row, const std::vector<std::string_view>& fields) const {
    const std::size_t first = chunk.values_of_rows.size();
    chunk.values_of_rows.resize(first + width_);  // reserved
    for (std::size_t column = 0; column < fields.size(); ++column) {
      const std::size_t selected = selected_of_[column];
      if (selected != kNotSelected) chunk.values_of_rows[first + selected] = Value::cell(fields[column]);
    }
    row.values = chunk.values_of_rows.data() + first;
  }

  TextFile file_;
  std::string path_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> selected_of_;  // by column of the file
  std::size_t width_ = 0;
  std::uint64_t line_ = 1;
};

}  // namespace

Result<std::unique_ptr<RowSource>> open_csv(const std::string& path) {
  SLIPWAY_TRY(TextFile file, TextFile::open(path));
  auto source = std::make_unique<CsvSource>(std::move(file), path);
  SLIPWAY_CHECK(source->read_header());
  return source;
}

}  // namespace slipway::score

#include "score/jsonl_source.h"

#include <algorithm>
#include <simdjson.h>

#include "score/text_file.h"
#include "score/text_limits.h"

namespace slipway::score {
namespace {

namespace dom = simdjson::dom;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Line {
  std::size_t size = 0;
  std::size_t next = 0;
};

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

// Objects inside a row have no meaning for a tensor: nullopt.
std::optional<Value> value_of(Chunk& chunk, const dom::element& element) {
  switch (element.type()) {
    case dom::element_type::NULL_VALUE:
      return Value();
    case dom::element_type::BOOL:
      return Value::of(bool(element));
    case dom::element_type::INT64:
      return Value::of(std::int64_t(element));
    case dom::element_type::UINT64:
      return Value::of(std::uint64_t(element));
    case dom::element_type::DOUBLE:
      return Value::of(double(element));
    case dom::element_type::STRING:
      return Value::text(chunk.texts.emplace_back(std::string_view(element)));
    case dom::element_type::ARRAY:
      break;
    case dom::element_type::OBJECT:
      return std::nullopt;
  }
  std::vector<Value> items;
  for (const dom::element item : dom::array(element)) {
    const auto value = value_of(chunk, item);
    if (!value) return std::nullopt;
    items.push_back(*value);
  }
  return Value::list(chunk.lists.emplace_back(std::move(items)));
}

class JsonLinesSource final : public RowSource {
 public:
  explicit JsonLinesSource(TextFile file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  // The first line that is an object names the columns.
  Status find_columns() {
    SLIPWAY_CHECK(file_.fill());
    if (file_.window().starts_with(kByteOrderMark)) file_.consume(kByteOrderMark.size());
    const Position begin{file_.offset(), 1};
    while (columns_.empty()) {
      SLIPWAY_TRY(const std::optional<Line> line, next_line());
      if (!line) break;
      dom::object object;
      if (parser_.parse(file_.window().data(), line->size).get(object) == simdjson::SUCCESS) {
        for (const auto& [key, value] : object) columns_.emplace_back(key);
      }
      file_.consume(line->next);
    }
    return seek(begin);
  }

  std::span<const std::string> columns() const noexcept override { return columns_; }

  Value::Kind kind_of(std::size_t) const noexcept override { return Value::Kind::kText; }

  void select(std::vector<std::size_t> columns) override {
    selected_.clear();
    for (const std::size_t column : columns) selected_.push_back(columns_[column]);
  }

  Position position() const noexcept override { return {file_.offset(), line_}; }

  Status seek(const Position& position) override {
    SLIPWAY_CHECK(file_.seek(position.offset));
    line_ = position.line;
    return {};
  }

  Result<std::unique_ptr<Chunk>> next(std::size_t rows_max) override {
    auto chunk = std::make_unique<Chunk>();
    chunk->width = selected_.size();
    std::vector<std::size_t> begins;
    while (chunk->rows.size() < rows_max && chunk->text.size() < kChunkBytesMax) {
      SLIPWAY_TRY(const std::optional<Line> line, next_line());
      if (!line) break;
      const std::string_view text = file_.window().substr(0, line->size);
      if (!is_blank(text)) {
        chunk->rows.emplace_back().line = line_;
        begins.push_back(chunk->text.size());
        chunk->text.insert(chunk->text.end(), text.begin(), text.end());
      }
      file_.consume(line->next);
      ++line_;
    }
    begins.push_back(chunk->text.size());
    chunk->end = position();
    fill_rows(*chunk, begins);
    return chunk;
  }

  double progress() const noexcept override { return file_.progress(); }

 private:
  // Nothing at the end of the file.
  Result<std::optional<Line>> next_line() {
    for (std::size_t searched = 0;;) {
      const std::string_view text = file_.window();
      const std::size_t end = text.find('\n', searched);
      if (end != text.npos) return Line{end - (end > 0 && text[end - 1] == '\r' ? 1 : 0), end + 1};
      searched = text.size();
      if (searched > kRowBytesMax) {
        return fail(Code::kDataLoss, "score.unreadable_input",
                    path_ + ": line " + std::to_string(line_) + " is longer than 16 MiB");
      }
      SLIPWAY_TRY(const bool has_more, file_.fill());
      if (has_more) continue;
      const std::size_t left = file_.window().size();
      if (left == 0) return std::nullopt;
      return Line{left, left};
    }
  }

  void fill_rows(Chunk& chunk, const std::vector<std::size_t>& begins) {
    chunk.values_of_rows.reserve(chunk.rows.size() * chunk.width);
    const std::string_view all(chunk.text.data(), chunk.text.size());
    for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
      Row& row = chunk.rows[i];
      row.text = all.substr(begins[i], begins[i + 1] - begins[i]);
      dom::element element;
      const auto error = parser_.parse(row.text.data(), row.text.size()).get(element);
      if (error != simdjson::SUCCESS) {
        row.problem = std::string("the line is not JSON: ") + simdjson::error_message(error);
      } else if (!element.is_object()) {
        row.problem = "the line is not a JSON object";
      } else {
        add_values(chunk, row, dom::object(element));
      }
    }
  }

  void add_values(Chunk& chunk, Row& row, const dom::object& object) {
    const std::size_t first = chunk.values_of_rows.size();
    chunk.values_of_rows.resize(first + chunk.width);  // reserved
    std::size_t expected = 0;                          // rows mostly have the same order
    for (const auto& [key, element] : object) {
      const std::size_t index = find_selected(key, expected);
      if (index == selected_.size()) continue;
      expected = index + 1;
      const auto value = value_of(chunk, element);
      if (!value) {
        row.problem = "member " + selected_[index] + " is an object, or holds one";
        chunk.values_of_rows.resize(first);
        return;
      }
      chunk.values_of_rows[first + index] = *value;
    }
    row.values = chunk.values_of_rows.data() + first;
  }

  std::size_t find_selected(std::string_view key, std::size_t expected) const {
    if (expected < selected_.size() && selected_[expected] == key) return expected;
    return static_cast<std::size_t>(std::find(selected_.begin(), selected_.end(), key) - selected_.begin());
  }

  TextFile file_;
  std::string path_;
  std::vector<std::string> columns_;
  std::vector<std::string> selected_;
  std::uint64_t line_ = 1;
  dom::parser parser_;
};

}  // namespace

Result<std::unique_ptr<RowSource>> open_json_lines(const std::string& path) {
  SLIPWAY_TRY(TextFile file, TextFile::open(path));
  auto source = std::make_unique<JsonLinesSource>(std::move(file), path);
  SLIPWAY_CHECK(source->find_columns());
  return source;
}

}  // namespace slipway::score

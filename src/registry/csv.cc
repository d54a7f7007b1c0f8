#include "registry/csv.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"

namespace slipway {
namespace {

tl::unexpected<Error> invalid(std::size_t line, std::string_view why) {
  return fail(Code::kInvalidArgument, "csv.invalid", "line " + std::to_string(line) + ": " + std::string(why));
}

class Reader {
 public:
  Reader(char* begin, char* end) : at_(begin), end_(end) {}

  bool is_done() const noexcept { return at_ == end_; }
  std::size_t line() const noexcept { return line_; }

  // The fields of the next line. Precondition: not done.
  Result<std::vector<std::string_view>> row() {
    std::vector<std::string_view> fields;
    for (;;) {
      SLIPWAY_TRY(fields.emplace_back(), at_ != end_ && *at_ == '"' ? quoted_field() : plain_field());
      if (at_ != end_ && *at_ == ',') {
        ++at_;
        if (at_ != end_) continue;
        fields.emplace_back();  // the text ends behind a comma
        return fields;
      }
      SLIPWAY_CHECK(end_of_line());
      return fields;
    }
  }

 private:
  Result<std::string_view> plain_field() {
    char* const begin = at_;
    while (at_ != end_ && *at_ != ',' && *at_ != '\n' && *at_ != '\r') {
      if (*at_ == '"') return invalid(line_, "a quote inside a field that does not begin with one");
      ++at_;
    }
    return std::string_view(begin, static_cast<std::size_t>(at_ - begin));
  }

  Result<std::string_view> quoted_field() {
    const std::size_t first_line = line_;
    char* const begin = ++at_;
    char* out = begin;
    for (; at_ != end_; ++at_) {
      if (*at_ == '"') {
        if (at_ + 1 == end_ || at_[1] != '"') break;
        ++at_;
      }
      if (*at_ == '\n') ++line_;
      *out++ = *at_;
    }
    if (at_ == end_) return invalid(first_line, "a quoted field is not closed");
    ++at_;
    return std::string_view(begin, static_cast<std::size_t>(out - begin));
  }

  Status end_of_line() {
    if (at_ == end_) return {};
    if (*at_ == '\r' && at_ + 1 != end_ && at_[1] == '\n') ++at_;
    if (*at_ != '\n') return invalid(line_, "a field goes on behind its closing quote, or a lone carriage return");
    ++at_;
    ++line_;
    return {};
  }

  char* at_;
  char* end_;
  std::size_t line_ = 1;
};

}  // namespace

Result<CsvTable> CsvTable::parse(std::string text) {
  std::string_view content = text;
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  if (!is_utf8(content)) return fail(Code::kInvalidArgument, "csv.invalid", "the text is not UTF-8");
  CsvTable table;
  table.text_.assign(content.begin(), content.end());
  Reader reader(table.text_.data(), table.text_.data() + table.text_.size());
  if (reader.is_done()) return invalid(1, "a header with the names of the columns is expected");
  SLIPWAY_TRY(table.columns_, reader.row());
  std::set<std::string_view> names;
  for (const std::string_view name : table.columns_) {
    if (!names.insert(name).second) return invalid(1, "two columns are named " + slipway::quoted(name));
  }
  while (!reader.is_done()) {
    const std::size_t line = reader.line();
    SLIPWAY_TRY(const std::vector<std::string_view> fields, reader.row());
    if (fields.size() != table.columns_.size()) {
      return invalid(
          line, std::to_string(fields.size()) + " fields; the header has " + std::to_string(table.columns_.size()));
    }
    table.cells_.insert(table.cells_.end(), fields.begin(), fields.end());
  }
  return table;
}

std::optional<std::size_t> CsvTable::column(std::string_view name) const noexcept {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

}  // namespace slipway

#include "score/csv_record.h"

#include <algorithm>
#include <cstring>

namespace slipway::score {
namespace {

std::size_t find_from(std::string_view text, char wanted, std::size_t from) {
  if (from >= text.size()) return text.npos;
  const void* const found = std::memchr(text.data() + from, wanted, text.size() - from);
  return found == nullptr ? text.npos : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

RecordEnd ended_at(std::string_view text, std::size_t line_feed, std::size_t line_breaks) {
  const bool has_return = line_feed > 0 && text[line_feed - 1] == '\r';
  return {line_feed - (has_return ? 1 : 0), line_feed + 1, line_breaks};
}

// Behind the closing quote of the field whose opening quote stands at `at`; npos when it has none.
std::size_t skip_quoted(std::string_view text, std::size_t at) {
  for (++at;; ++at) {
    at = find_from(text, '"', at);
    if (at == text.npos) return text.npos;
    if (at + 1 == text.size() || text[at + 1] != '"') return at + 1;
    ++at;
  }
}

std::string undoubled(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == '"') ++i;
  }
  return result;
}

}  // namespace

std::optional<RecordEnd> find_record_end(std::string_view text) {
  const std::size_t first_line = find_from(text, '\n', 0);
  const std::string_view line = text.substr(0, first_line);
  if (find_from(line, '"', 0) == line.npos) {
    if (first_line == text.npos) return std::nullopt;
    return ended_at(text, first_line, 1);
  }
  std::size_t line_breaks = 1;
  for (std::size_t at = 0;;) {
    if (at < text.size() && text[at] == '"') {
      const std::size_t behind = skip_quoted(text, at);
      if (behind == text.npos) return std::nullopt;
      line_breaks += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(at),
                                                         text.begin() + static_cast<std::ptrdiff_t>(behind), '\n'));
      at = behind;
    }
    while (at < text.size() && text[at] != ',' && text[at] != '\n') ++at;
    if (at == text.size()) return std::nullopt;
    if (text[at] == '\n') return ended_at(text, at, line_breaks);
    ++at;
  }
}

std::string split_record(std::string_view record, std::vector<std::string_view>& fields,
                         std::deque<std::string>& texts) {
  fields.clear();
  for (std::size_t at = 0;;) {
    if (at < record.size() && record[at] == '"') {
      const std::size_t behind = skip_quoted(record, at);
      if (behind == record.npos) return "a quoted field is not closed";
      std::string_view field = record.substr(at + 1, behind - at - 2);
      if (find_from(field, '"', 0) != field.npos) field = texts.emplace_back(undoubled(field));
      fields.push_back(field);
      at = behind;
      if (at < record.size() && record[at] != ',') return "a field goes on behind its closing quote";
    } else {
      const std::size_t end = std::min(find_from(record, ',', at), record.size());
      const std::string_view field = record.substr(at, end - at);
      if (find_from(field, '"', 0) != field.npos) return "a quote inside a field that does not begin with one";
      fields.push_back(field);
      at = end;
    }
    if (at >= record.size()) return "";
    ++at;  // the comma
    if (at == record.size()) {
      fields.emplace_back();
      return "";
    }
  }
}

}  // namespace slipway::score

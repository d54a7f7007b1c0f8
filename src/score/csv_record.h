// Where a record of a CSV file ends and what its fields are: RFC 4180, in which a quoted field may hold line breaks.
// Pure. Internal to score/.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::score {

struct RecordEnd {
  std::size_t size = 0;  // without the line end
  std::size_t next = 0;  // where the next record begins
  std::size_t line_breaks = 0;
};

// The record that `text` begins with; nothing when it does not end in it. Only a quote at the beginning of a field
// opens one, so that a stray one does not swallow the lines behind it.
std::optional<RecordEnd> find_record_end(std::string_view text);

// Splits a record. Fields point into `record`, or into `texts` where "" had to be undone. The sentence says what is
// wrong; "" when nothing is.
std::string split_record(std::string_view record, std::vector<std::string_view>& fields,
                         std::deque<std::string>& texts);

}  // namespace slipway::score

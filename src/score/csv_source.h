// Rows of a CSV file: RFC 4180, a header line, UTF-8 with or without a byte order mark, LF or CRLF. Blank lines are
// skipped. Internal to score/.
#pragma once

#include "score/chunk.h"

namespace slipway::score {

Result<std::unique_ptr<RowSource>> open_csv(const std::string& path);

}  // namespace slipway::score

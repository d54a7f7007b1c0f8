// Rows as CSV (RFC 4180, LF) and as JSON lines. Internal to score/.
#pragma once

#include "score/row_writer.h"

namespace slipway::score {

Result<std::unique_ptr<RowWriter>> make_csv_writer(const Plan& plan);
std::unique_ptr<RowWriter> make_json_lines_writer(const Plan& plan);

}  // namespace slipway::score

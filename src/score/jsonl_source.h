// Rows of a JSON lines file: one object a line, UTF-8. Blank lines are skipped; a member that a row lacks is null.
// Internal to score/.
#pragma once

#include "score/chunk.h"

namespace slipway::score {

Result<std::unique_ptr<RowSource>> open_json_lines(const std::string& path);

}  // namespace slipway::score

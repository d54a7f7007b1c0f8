// Rows of a Parquet file, of which only the selected columns are read. Internal to score/.
#pragma once

#include "score/chunk.h"

namespace slipway::score {

// invalid_argument "score.duplicate_column"; data_loss "score.unreadable_input" for what is no Parquet.
Result<std::unique_ptr<RowSource>> open_parquet(const std::string& path);

}  // namespace slipway::score

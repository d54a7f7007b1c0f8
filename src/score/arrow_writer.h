// Rows as an Arrow IPC stream, which unlike Parquet can be cut behind any batch and gone on with. Internal to score/.
#pragma once

#include "score/row_writer.h"

namespace slipway::score {

Result<std::unique_ptr<RowWriter>> make_arrow_writer(const Plan& plan, const KeptKinds& kinds);

}  // namespace slipway::score

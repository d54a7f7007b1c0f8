// A rejected row as one line of the reject file. Pure. Internal to score/.
#pragma once

#include <string>

#include "score/encode.h"

namespace slipway::score {

// {"line":5,"reason":"contract.violation","message":"…","values":[{"field":"age","found":"-1","rule":"minimum 0"}],
//  "row":"-1,abc"}
// `row` is the text of the row as it stands in the file; of Parquet an object with the columns that were read.
void append_reject(std::string& out, const Plan& plan, const Chunk& chunk, const RejectedRow& rejected);

}  // namespace slipway::score

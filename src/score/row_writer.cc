#include "score/row_writer.h"

#include "score/arrow_writer.h"
#include "score/text_writers.h"

namespace slipway::score {

Result<std::unique_ptr<RowWriter>> make_row_writer(FileFormat format, const Plan& plan, const KeptKinds& kinds) {
  switch (format) {
    case FileFormat::kCsv:
      return make_csv_writer(plan);
    case FileFormat::kJsonLines:
      return make_json_lines_writer(plan);
    case FileFormat::kParquet:
      return make_arrow_writer(plan, kinds);
  }
  return fail(Code::kInvalidArgument, "score.format", "unknown format");
}

}  // namespace slipway::score

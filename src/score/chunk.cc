#include "score/chunk.h"

#include "base/bytes.h"
#include "score/csv_source.h"
#include "score/jsonl_source.h"
#include "score/parquet_source.h"

namespace slipway::score {

Result<FileKind> file_kind(std::string_view path) {
  FileKind kind;
  std::string_view name = path;
  if (name.ends_with(".gz")) {
    kind.is_compressed = true;
    name.remove_suffix(3);
  }
  if (name.ends_with(".csv")) return kind;
  kind.format = FileFormat::kJsonLines;
  if (name.ends_with(".jsonl") || name.ends_with(".ndjson")) return kind;
  kind.format = FileFormat::kParquet;
  if (name.ends_with(".parquet") && !kind.is_compressed) return kind;
  return fail(
      Code::kInvalidArgument, "score.format",
      slipway::quoted(path) + " does not end in .csv, .jsonl, .ndjson, .parquet, .csv.gz, .jsonl.gz or .ndjson.gz");
}

Result<std::unique_ptr<RowSource>> open_rows(const std::string& path, FileFormat format) {
  switch (format) {
    case FileFormat::kCsv:
      return open_csv(path);
    case FileFormat::kJsonLines:
      return open_json_lines(path);
    case FileFormat::kParquet:
      return open_parquet(path);
  }
  return fail(Code::kInvalidArgument, "score.format", "unknown format");
}

}  // namespace slipway::score

// Rows in the order of their file, a few thousand at a time, and the port through which they come.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "score/value.h"

namespace slipway::score {

// Where reading goes on: in bytes (decompressed) for text, in rows for Parquet; and the line or row that stands there.
struct Position {
  std::uint64_t offset = 0;
  std::uint64_t line = 0;
  bool operator==(const Position&) const = default;
};

struct Row {
  std::uint64_t line = 0;         // the first line of the row, from 1; of Parquet the row, from 1
  std::string_view text;          // as it stands in the file, without the line end; empty for Parquet
  std::string problem;            // why it can be no row at all; "" when it is one
  const Value* values = nullptr;  // of the selected columns; null where it is no row
};

// Owns what its rows point to. Moving keeps the addresses.
struct Chunk {
  std::vector<Row> rows;
  std::size_t width = 0;  // selected columns
  Position end;           // where the next chunk begins

  std::span<const Value> values(std::size_t row) const noexcept { return {rows[row].values, width}; }

  // What the rows point to; filled by who reads.
  std::vector<char> text;
  std::vector<Value> values_of_rows;
  std::deque<std::string> texts;
  std::deque<std::vector<Value>> lists;
  std::vector<std::shared_ptr<const void>> owners;
};

// Not thread-safe.
class RowSource {
 public:
  virtual ~RowSource() = default;

  // Of a JSON lines file: the members of its first row.
  virtual std::span<const std::string> columns() const noexcept = 0;

  // What the values of a column are, as far as the file has types: kText where it has none, and for lists and dates.
  virtual Value::Kind kind_of(std::size_t column) const noexcept = 0;

  // Values come for these columns alone, in this order. Before the first next().
  virtual void select(std::vector<std::size_t> columns) = 0;

  // Where the next chunk begins.
  virtual Position position() const noexcept = 0;

  // Goes on where a chunk ended. Fails with data_loss "score.input_shorter" when the file ends before.
  virtual Status seek(const Position& position) = 0;

  // The next rows, at most `rows_max`; none at the end. Rows that are none are in it, with their problem. Fails where
  // the rest of the file cannot be read: data_loss "score.unreadable_input".
  virtual Result<std::unique_ptr<Chunk>> next(std::size_t rows_max) = 0;

  // Share of the file that was read, 0 to 1.
  virtual double progress() const noexcept = 0;
};

enum class FileFormat : std::uint8_t { kCsv, kJsonLines, kParquet };

// By the extension: .csv, .jsonl or .ndjson, .parquet; the first two also with .gz behind.
struct FileKind {
  FileFormat format = FileFormat::kCsv;
  bool is_compressed = false;
};
// invalid_argument "score.format".
Result<FileKind> file_kind(std::string_view path);

// Opens a file by its kind; is_compressed is found in its first bytes. not_found "score.unreadable_input";
// invalid_argument "score.no_header", "score.duplicate_column", "score.unreadable_input".
Result<std::unique_ptr<RowSource>> open_rows(const std::string& path, FileFormat format);

}  // namespace slipway::score

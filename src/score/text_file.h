// Reads the bytes of a text file in blocks, decompressing what begins as gzip (RFC 1952). Internal to score/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::score {

class TextFile {
 public:
  static Result<TextFile> open(const std::string& path);
  TextFile(TextFile&&) noexcept;
  TextFile& operator=(TextFile&&) noexcept;
  ~TextFile();

  // What was read and not consumed. Valid until the next fill() or consume().
  std::string_view window() const noexcept;
  // Reads more behind the window; false at the end of the file.
  Result<bool> fill();
  void consume(std::size_t bytes) noexcept;
  std::uint64_t offset() const noexcept;  // of the window's first byte, decompressed
  // To a byte of the decompressed text. data_loss "score.input_shorter".
  Status seek(std::uint64_t offset);
  double progress() const noexcept;  // share of the file that was read

 private:
  struct State;
  explicit TextFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway::score

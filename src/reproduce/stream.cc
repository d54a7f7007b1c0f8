#include "reproduce/stream.h"

#include <unistd.h>

#include "base/bytes.h"
#include "reproduce/redaction.h"

namespace slipway::reproduce {
namespace {

// A secret that the cut would halve is still found in what was kept before the cut.
constexpr std::size_t kKeptBytesMax = 4 * kStreamTailBytesMax;

// From the first whole line of the last `kStreamTailBytesMax` bytes.
std::string last_lines(std::string text) {
  if (text.size() <= kStreamTailBytesMax) return text;
  text.erase(0, text.size() - kStreamTailBytesMax);
  const std::size_t line_end = text.find('\n');
  return line_end == text.npos ? text : text.substr(line_end + 1);
}

}  // namespace

ByteSink to_descriptor(int descriptor) {
  return [descriptor](std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
      if (written < 0) return;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  };
}

void StreamKeeper::add(std::span<const std::byte> bytes) {
  if (next_) next_(bytes);
  hasher_.update(bytes);
  size_bytes_ += bytes.size();
  tail_ += as_text(bytes);
  if (tail_.size() > 2 * kKeptBytesMax) tail_.erase(0, tail_.size() - kKeptBytesMax);
}

Stream StreamKeeper::finish(const std::vector<std::string>& secrets) {
  std::string tail = last_lines(redacted(std::move(tail_), secrets));
  return {hasher_.finish(), size_bytes_, std::move(tail)};
}

}  // namespace slipway::reproduce

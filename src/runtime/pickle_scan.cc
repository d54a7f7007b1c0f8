#include "runtime/pickle_scan.h"

#include <cstddef>
#include <cstdint>

namespace slipway {
namespace {

constexpr std::size_t kEnd = std::string_view::npos;

// The position after `count` lines starting at `at`. Numbers and names are printable; text may hold any byte.
std::size_t skip_lines(std::string_view text, std::size_t at, int count, bool is_text) {
  for (; count > 0; --count) {
    const std::size_t newline = text.find('\n', at);
    if (newline == kEnd) return text.size();
    for (std::size_t i = at; !is_text && i < newline; ++i) {
      if (static_cast<unsigned char>(text[i]) < 0x20 && text[i] != '\t') return kEnd;
    }
    at = newline + 1;
  }
  return at;
}

// A little-endian length of `width` bytes, then that many bytes.
std::size_t skip_counted(std::string_view text, std::size_t at, std::size_t width) {
  if (text.size() - at < width) return text.size();
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < width; ++i) length |= std::uint64_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
  at += width;
  return length > text.size() - at ? text.size() : at + static_cast<std::size_t>(length);
}

// The position after the argument of `opcode`; kEnd if the opcode is unknown (the list is Lib/pickletools.py's).
std::size_t skip_argument(std::string_view text, std::size_t at, char opcode) {
  switch (opcode) {
    case '(':
    case '0':
    case '1':
    case '2':
    case '}':
    case 'a':
    case 'd':
    case 'e':
    case 'b':
    case 'l':
    case ']':
    case 'o':
    case 's':
    case 't':
    case ')':
    case 'u':
    case 'N':
    case 'Q':
    case 'R':
    case '\x81':
    case '\x85':
    case '\x86':
    case '\x87':
    case '\x88':
    case '\x89':
    case '\x8F':
    case '\x90':
    case '\x91':
    case '\x92':
    case '\x93':
    case '\x94':
    case '\x97':
    case '\x98':
      return at;
    case 'F':
    case 'I':
    case 'L':
    case 'P':
    case 'S':
    case 'V':
    case 'g':
    case 'p':
      return skip_lines(text, at, 1, opcode == 'S' || opcode == 'V');
    case 'c':
    case 'i':
      return skip_lines(text, at, 2, false);
    case 'K':
    case 'h':
    case 'q':
    case '\x80':
    case '\x82':
      return at + 1;
    case 'M':
    case '\x83':
      return at + 2;
    case 'J':
    case 'j':
    case 'r':
    case '\x84':
      return at + 4;
    case 'G':
    case '\x95':
      return at + 8;
    case 'U':
    case 'C':
    case '\x8A':
    case '\x8C':
      return skip_counted(text, at, 1);
    case 'T':
    case 'X':
    case 'B':
    case '\x8B':
      return skip_counted(text, at, 4);
    case '\x8D':
    case '\x8E':
    case '\x96':
      return skip_counted(text, at, 8);
    default:
      return kEnd;
  }
}

}  // namespace

bool is_pickle(std::string_view head) noexcept {
  if (head.size() >= 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5) return true;
  std::size_t at = 0;
  std::size_t opcodes = 0;
  while (at < head.size()) {
    const char opcode = head[at++];
    if (opcode == '.') return opcodes > 0;
    at = skip_argument(head, at, opcode);
    if (at == kEnd) return false;
    ++opcodes;
  }
  return opcodes > 2;  // the pickle goes on behind what was given
}

}  // namespace slipway

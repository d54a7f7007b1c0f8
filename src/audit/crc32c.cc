#include "audit/crc32c.h"

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace slipway::audit {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}

std::uint32_t by_table(const std::byte* data, std::size_t size, std::uint32_t state) noexcept {
  static constexpr auto kTable = make_table();
  for (std::size_t i = 0; i < size; ++i) {
    state = (state >> 8) ^ kTable[(state ^ static_cast<std::uint32_t>(data[i])) & 0xFF];
  }
  return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(const std::byte* data, std::size_t size,
                                                               std::uint32_t state) noexcept {
  std::uint64_t wide = state;
  for (; size >= 8; size -= 8, data += 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  state = static_cast<std::uint32_t>(wide);
  for (; size > 0; --size, ++data) state = _mm_crc32_u8(state, static_cast<unsigned char>(*data));
  return state;
}
#endif

using Update = std::uint32_t (*)(const std::byte*, std::size_t, std::uint32_t) noexcept;

Update choose() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return by_instruction;
#endif
  return by_table;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc) noexcept {
  static const Update update = choose();
  return ~update(bytes.data(), bytes.size(), ~crc);
}

}  // namespace slipway::audit

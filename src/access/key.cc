#include "access/key.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <zlib.h>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::string_view kPrefix = "slipway_";
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kIdSize = 16;
constexpr std::size_t kSecretSize = 43;  // 62^43 > 2^256
constexpr std::size_t kChecksumSize = 6;
constexpr std::size_t kKeySize = kPrefix.size() + kIdSize + 1 + kSecretSize + kChecksumSize;

constexpr std::array<bool, 256> make_alphabet_table() {
  std::array<bool, 256> table{};
  for (const char c : kAlphabet) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kIsInAlphabet = make_alphabet_table();

bool is_in_alphabet(char c) noexcept { return kIsInAlphabet[static_cast<unsigned char>(c)]; }

std::array<char, kChecksumSize> checksum_of(std::string_view text) noexcept {
  auto crc =
      static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
  std::array<char, kChecksumSize> digits;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    *digit = kAlphabet[crc % kAlphabet.size()];
    crc /= static_cast<std::uint32_t>(kAlphabet.size());
  }
  return digits;
}

// Each character is uniform: bytes from 248 on, the last incomplete round of 62, are thrown away.
char random_character(Random& random) noexcept {
  std::array<std::byte, 1> byte;
  do {
    random.fill(byte);
  } while (std::to_integer<unsigned>(byte[0]) >= 248);
  return kAlphabet[std::to_integer<unsigned>(byte[0]) % kAlphabet.size()];
}

}  // namespace

ApiKey make_key(Random& random) { return make_key_with_id(key_id_text(random.next()), random); }

ApiKey make_key_with_id(std::string id, Random& random) {
  assert(id.size() == kIdSize);
  std::string text;
  text.reserve(kKeySize);
  text.append(kPrefix).append(id).push_back('_');
  for (std::size_t i = 0; i < kSecretSize; ++i) text += random_character(random);
  const auto checksum = checksum_of(text);
  text.append(checksum.data(), checksum.size());
  ApiKey key;
  key.id = std::move(id);
  key.digest = key_digest(*parse_key(text));
  key.text = Secret(std::move(text));
  return key;
}

std::optional<ParsedKey> parse_key(std::string_view text) noexcept {
  if (text.size() != kKeySize || !text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const auto id = parse_key_id(text.substr(0, kIdSize));
  if (!id || text[kIdSize] != '_') return std::nullopt;
  const std::string_view proof = text.substr(kIdSize + 1);
  if (!std::all_of(proof.begin(), proof.end(), is_in_alphabet)) return std::nullopt;
  return ParsedKey{*id, proof};
}

Digest key_digest(const ParsedKey& key) noexcept { return sha256(key.proof); }

bool is_well_formed_key(std::string_view text) noexcept {
  if (!parse_key(text)) return false;
  const auto checksum = checksum_of(text.substr(0, kKeySize - kChecksumSize));
  return text.ends_with(std::string_view(checksum.data(), checksum.size()));
}

std::optional<std::uint64_t> parse_key_id(std::string_view text) noexcept {
  if (text.size() != kIdSize) return std::nullopt;
  if (std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'F'; })) return std::nullopt;
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return id;
}

std::string key_id_text(std::uint64_t id) {
  std::array<std::uint8_t, 8> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(id >> (56 - 8 * i));
  return to_hex(bytes);
}

}  // namespace slipway

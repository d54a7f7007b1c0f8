// API keys: slipway_<key id>_<secret><checksum>, 74 characters.
//
// The key id (16 hexadecimal digits) is public and finds the key; the secret (43 characters of [0-9A-Za-z], 256 bits)
// proves it; the checksum (CRC-32 of all that stands before it, 6 characters of the same alphabet) lets secret scanners
// and the command line tell a key from a text that merely looks like one. Only the SHA-256 of secret and checksum is
// ever stored: at 256 bits of randomness a slow hash adds nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/random.h"
#include "base/secret.h"

namespace slipway {

struct ApiKey {
  std::string id;
  Secret text;  // the whole key: what the caller is shown, once
  Digest digest;
};

ApiKey make_key(Random& random);
// A new secret for a key that exists. Precondition: `id` is the id of a key.
ApiKey make_key_with_id(std::string id, Random& random);

struct ParsedKey {
  std::uint64_t id = 0;
  std::string_view proof;  // secret and checksum
};

// nullopt unless the text has the shape of a key. Does not look at the checksum: the digest decides.
std::optional<ParsedKey> parse_key(std::string_view text) noexcept;
Digest key_digest(const ParsedKey& key) noexcept;

// The shape and the checksum are right: mistyped keys fail.
bool is_well_formed_key(std::string_view text) noexcept;

std::optional<std::uint64_t> parse_key_id(std::string_view text) noexcept;
std::string key_id_text(std::uint64_t id);

}  // namespace slipway

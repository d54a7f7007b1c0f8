// Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint).
//
// A note is text ending in a newline, an empty line, then one line a signature: "— NAME BASE64(key id || signature)".
// A checkpoint is a note whose text is three lines: the log's name, its size in decimal, its root in base64.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/key.h"
#include "base/digest.h"
#include "base/result.h"

namespace slipway::audit {

inline constexpr std::size_t kNoteBytesMax = 1 << 20;

// Precondition: `text` ends in a newline and holds no other control character.
std::string sign_note(std::string_view text, const PrivateKey& key);

// The text of the note. data_loss "audit.signature_invalid" unless it is signed by `key`; other keys' signatures are
// ignored, as cosignatures of witnesses are.
Result<std::string> open_note(std::string_view note, const PublicKey& key);

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Digest root;

  std::string to_text() const;
  bool operator==(const Checkpoint&) const = default;
};

// Exactly what to_text() writes; extension lines are refused, since our logs write none.
Result<Checkpoint> parse_checkpoint(std::string_view text);
// Verified, and its origin is the key's name.
Result<Checkpoint> open_checkpoint(std::string_view note, const PublicKey& key);

// Decimal without leading zeros, at most 2^63 - 1.
std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept;

}  // namespace slipway::audit

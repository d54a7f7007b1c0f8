#include "audit/note.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <limits>

#include "base/bytes.h"

namespace slipway::audit {
namespace {

constexpr std::string_view kDash = "\xE2\x80\x94 ";  // em dash, space
constexpr std::size_t kSignaturesMax = 64;

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(Code::kDataLoss, "audit.note_malformed", "not a signed note: " + std::string(what));
}

bool has_only_newlines(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

// Takes the text up to the next newline off `rest`. Precondition: `rest` ends in a newline.
std::string_view next_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

enum class Verdict { kMalformed, kUnknownKey, kWrong, kRight };

Verdict judge(std::string_view line, std::string_view text, const PublicKey& key) {
  if (!line.starts_with(kDash)) return Verdict::kMalformed;
  line.remove_prefix(kDash.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0) return Verdict::kMalformed;
  const auto bytes = from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() < 5) return Verdict::kMalformed;
  const KeyId& id = key.id();
  if (line.substr(0, space) != key.name() || !std::equal(id.begin(), id.end(), bytes->begin()))
    return Verdict::kUnknownKey;
  Signature signature;
  if (bytes->size() != id.size() + signature.size()) return Verdict::kWrong;
  std::copy(bytes->begin() + id.size(), bytes->end(), signature.begin());
  return key.verifies(text, signature) ? Verdict::kRight : Verdict::kWrong;
}

}  // namespace

std::string sign_note(std::string_view text, const PrivateKey& key) {
  assert(text.ends_with('\n') && has_only_newlines(text));
  const Signature signature = key.sign(text);
  const KeyId& id = key.public_key().id();
  std::vector<std::uint8_t> bytes(id.begin(), id.end());
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  std::string note(text);
  note += '\n';
  note += kDash;
  note += key.public_key().name();
  note += ' ';
  note += to_base64(bytes);
  note += '\n';
  return note;
}

Result<std::string> open_note(std::string_view note, const PublicKey& key) {
  if (note.size() > kNoteBytesMax) return malformed("it is larger than 1 MiB");
  if (!note.ends_with('\n') || !has_only_newlines(note) || !is_utf8(note)) return malformed("a byte that no note has");
  const std::size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) return malformed("no empty line before the signatures");
  const std::string_view text = note.substr(0, blank + 1);
  std::string_view signatures = note.substr(blank + 2);
  bool is_signed = false;
  std::size_t count = 0;
  while (!signatures.empty()) {
    if (++count > kSignaturesMax) return malformed("more than 64 signatures");
    switch (judge(next_line(signatures), text, key)) {
      case Verdict::kMalformed:
        return malformed("a signature line is not '— NAME BASE64'");
      case Verdict::kWrong:
        return fail(Code::kDataLoss, "audit.signature_invalid",
                    "the signature of " + slipway::quoted(key.name()) + " is wrong");
      case Verdict::kRight:
        is_signed = true;
        break;
      case Verdict::kUnknownKey:
        break;
    }
  }
  if (!is_signed) {
    return fail(Code::kDataLoss, "audit.signature_invalid",
                "no signature by the key of " + slipway::quoted(key.name()));
  }
  return std::string(text);
}

std::string Checkpoint::to_text() const {
  return origin + "\n" + std::to_string(size) + "\n" + to_base64(root.bytes) + "\n";
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_canonical =
      error == std::errc{} && end == text.data() + text.size() && (text.size() == 1 || text[0] != '0');
  if (!is_canonical || value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return value;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  const auto refused = [](std::string_view what) {
    return fail(Code::kDataLoss, "audit.checkpoint_malformed", "not a checkpoint: " + std::string(what));
  };
  if (std::count(text.begin(), text.end(), '\n') != 3 || !text.ends_with('\n'))
    return refused("it has not three lines");
  Checkpoint checkpoint;
  checkpoint.origin = next_line(text);
  const auto size = parse_decimal(next_line(text));
  const auto root = from_base64(next_line(text));
  if (!is_key_name(checkpoint.origin)) return refused("its first line is no name");
  if (!size) return refused("its size is no decimal number");
  if (!root || root->size() != checkpoint.root.bytes.size()) return refused("its root is not the base64 of 32 bytes");
  checkpoint.size = *size;
  std::copy(root->begin(), root->end(), checkpoint.root.bytes.begin());
  return checkpoint;
}

Result<Checkpoint> open_checkpoint(std::string_view note, const PublicKey& key) {
  SLIPWAY_TRY(const std::string text, open_note(note, key));
  SLIPWAY_TRY(Checkpoint checkpoint, parse_checkpoint(text));
  if (checkpoint.origin != key.name()) {
    return fail(Code::kDataLoss, "audit.checkpoint_malformed",
                "the checkpoint is of log " + slipway::quoted(checkpoint.origin) + ", the key of " +
                    slipway::quoted(key.name()));
  }
  return checkpoint;
}

}  // namespace slipway::audit

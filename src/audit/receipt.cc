#include "audit/receipt.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"

namespace slipway::audit {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr std::size_t kReceiptBytesMax = 256 << 10;
constexpr std::size_t kProofHashesMax = 63;

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(Code::kDataLoss, "audit.receipt_malformed", "not a receipt: " + std::string(what));
}

std::string write_receipt(const StoredRecord& stored, std::span<const Digest> proof, std::string_view checkpoint) {
  const auto* const leaf = reinterpret_cast<const std::uint8_t*>(stored.leaf.data());
  std::string text(kFirstLine);
  text += "\nextra " + to_base64({leaf, stored.leaf.size()}) + "\nindex " + std::to_string(stored.index) + "\n";
  for (const Digest& hash : proof) text += to_base64(hash.bytes) + "\n";
  text += "\n";
  text += checkpoint;
  return text;
}

Result<StoredRecord> first_of(const Catalog& catalog, const Id& id) {
  SLIPWAY_TRY(auto found, find(catalog, id));
  if (found.empty()) {
    return fail(Code::kNotFound, "audit.record_not_found", "the log has no record of request " + id.to_string());
  }
  const auto answered = std::find_if(found.begin(), found.end(), [](const auto& s) { return !s.record().is_shadow; });
  return std::move(answered == found.end() ? found.front() : *answered);
}

Result<std::string> prove(const StoredRecord& stored, const HashStore& hashes, const std::string& note,
                          const PublicKey& key) {
  SLIPWAY_TRY(const Checkpoint checkpoint, open_checkpoint(note, key));
  if (stored.index >= checkpoint.size) {
    return fail(
        Code::kFailedPrecondition, "audit.not_signed_yet",
        "record " + std::to_string(stored.index) + " is not yet under a signed checkpoint; one is signed each second");
  }
  SLIPWAY_TRY(const auto proof, inclusion_proof(stored.index, checkpoint.size, hashes.source()));
  return write_receipt(stored, proof, note);
}

Result<std::string> prove(AuditLog& log, const StoredRecord& stored) {
  SLIPWAY_TRY(const std::string note, log.checkpoint_covering(stored.index));
  return prove(stored, log.hashes(), note, log.public_key());
}

struct Parts {
  StoredRecord stored;
  std::vector<Digest> proof;
  std::string_view note;
};

// Each line ends in a newline; nullopt when there is none left.
std::optional<std::string_view> next_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

Result<Parts> parse(std::string_view text) {
  if (text.size() > kReceiptBytesMax) return malformed("it is larger than 256 KiB");
  if (next_line(text) != kFirstLine) return malformed("its first line is not 'c2sp.org/tlog-proof@v1'");
  const auto extra = next_line(text);
  if (!extra || !extra->starts_with(kExtra)) return malformed("its second line is not 'extra …' with the record");
  const auto leaf = from_base64(extra->substr(kExtra.size()));
  if (!leaf) return malformed("its record is not base64");
  const auto index_line = next_line(text);
  if (!index_line || !index_line->starts_with(kIndex)) return malformed("its third line is not 'index N'");
  const auto index = parse_decimal(index_line->substr(kIndex.size()));
  if (!index) return malformed("its index is no decimal number");

  Parts parts;
  const auto bytes = std::as_bytes(std::span(*leaf));
  parts.stored = {*index, {bytes.begin(), bytes.end()}};
  while (true) {
    const auto line = next_line(text);
    if (!line) return malformed("it has no checkpoint");
    if (line->empty()) break;
    const auto hash = from_base64(*line);
    if (!hash || hash->size() != 32) return malformed("a proof line is not the base64 of 32 bytes");
    if (parts.proof.size() == kProofHashesMax) return malformed("its proof has more than 63 hashes");
    std::copy(hash->begin(), hash->end(), parts.proof.emplace_back().bytes.begin());
  }
  parts.note = text;
  return parts;
}

}  // namespace

Result<std::string> receipt(AuditLog& log, const Id& id) {
  SLIPWAY_TRY(const StoredRecord stored, first_of(log.catalog(), id));
  return prove(log, stored);
}

Result<std::string> receipt_at(AuditLog& log, std::uint64_t index) {
  SLIPWAY_TRY(const StoredRecord stored, record_at(log.catalog(), index));
  return prove(log, stored);
}

Result<std::string> receipt(const std::filesystem::path& directory, const Id& id) {
  SLIPWAY_TRY(const Catalog catalog, open_catalog(directory));
  SLIPWAY_TRY(const StoredRecord stored, first_of(catalog, id));
  SLIPWAY_TRY(const PublicKey key, stored_public_key(directory));
  SLIPWAY_TRY(const std::string note, read_text(directory / "checkpoint", kNoteBytesMax));
  SLIPWAY_TRY(const HashStore hashes, HashStore::open(directory, true));
  return prove(stored, hashes, note, key);
}

Result<CheckedReceipt> check_receipt(std::string_view text, const PublicKey& key) {
  SLIPWAY_TRY(Parts parts, parse(text));
  SLIPWAY_TRY(Checkpoint checkpoint, open_checkpoint(parts.note, key));
  if (!verify_inclusion(leaf_hash(parts.stored.leaf), parts.stored.index, checkpoint.size, parts.proof,
                        checkpoint.root)) {
    return fail(Code::kDataLoss, "audit.receipt_invalid",
                "the record is not what the log signed at index " + std::to_string(parts.stored.index) +
                    ": the record, its index or the proof was altered");
  }
  SLIPWAY_TRY([[maybe_unused]] const Record record, decode(parts.stored.leaf));
  return CheckedReceipt{std::move(parts.stored), std::move(checkpoint)};
}

}  // namespace slipway::audit

// Checks a whole log from its files alone: every byte of every record, every hash, the signature.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audit/key.h"
#include "audit/note.h"
#include "base/digest.h"
#include "base/result.h"

namespace slipway::audit {

// The first place where the log is not what it says.
struct Fault {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t index = 0;  // of the record
  std::string what;
};

struct VerifyReport {
  std::uint64_t segments = 0;
  std::uint64_t records = 0;
  std::uint64_t predictions = 0;
  std::uint64_t decisions = 0;
  std::uint64_t refusals = 0;
  std::uint64_t leaf_bytes = 0;
  Digest root;                       // over all records
  std::string signer;                // the public key the checkpoint was checked with
  std::uint64_t signed_records = 0;  // under the checkpoint; the rest came after it
  std::optional<Fault> fault;

  bool is_sound() const noexcept { return !fault.has_value(); }
};

struct VerifyOptions {
  // The log's public key as the caller knows it. Without it, the one stored with the log, which proves consistency but
  // not origin.
  std::optional<PublicKey> key;
  // Checkpoints kept elsewhere, signed notes. Whoever holds the signing key can cut off or rewrite the end of a log and
  // sign it anew; only a checkpoint out of his reach shows that.
  std::vector<std::string> known_checkpoints;
};

// Recomputes every leaf hash from the segments on all cores, compares the stored hashes and the roots with the signed
// checkpoints. A log in use can be verified; what is appended meanwhile is not looked at.
// An error means that the check could not be made; what it found wrong is in the report.
Result<VerifyReport> verify(const std::filesystem::path& directory, const VerifyOptions& options = {});

}  // namespace slipway::audit

// Receipts: one text file that proves, without the server, that a record is in the log and unaltered.
//
// The format is C2SP tlog-proof@v1:
//
//   c2sp.org/tlog-proof@v1
//   extra BASE64 of the record's leaf
//   index N
//   BASE64 of a hash, from the leaf's sibling to the root's child, one a line
//
//   the signed checkpoint (note.h)
//
// Anyone with the log's public key can check it; the leaf's hash is computed from the extra line, which thereby is
// proved too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/catalog.h"
#include "audit/hash_store.h"
#include "audit/log.h"
#include "audit/query.h"
#include "base/id.h"
#include "base/result.h"

namespace slipway::audit {

// For the first record of the request. not_found "audit.record_not_found".
Result<std::string> receipt(AuditLog& log, const Id& id);
Result<std::string> receipt_at(AuditLog& log, std::uint64_t index);
// From a log that is open nowhere here, under the newest stored checkpoint; failed_precondition "audit.not_signed_yet"
// if that does not hold the record.
Result<std::string> receipt(const std::filesystem::path& directory, const Id& id);

struct CheckedReceipt {
  StoredRecord stored;
  Checkpoint checkpoint;
};
// data_loss: "audit.receipt_malformed", "audit.receipt_invalid" (proof and record do not fit),
// "audit.signature_invalid", "audit.leaf_invalid". An altered byte anywhere is one of these.
Result<CheckedReceipt> check_receipt(std::string_view text, const PublicKey& key);

}  // namespace slipway::audit

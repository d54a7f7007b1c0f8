// Brings a log's directory to a state in which it can be appended to, after a clean stop, a crash or a power failure.
#pragma once

#include <filesystem>

#include "audit/catalog.h"
#include "audit/hash_store.h"
#include "audit/merkle.h"
#include "audit/note.h"
#include "base/result.h"

namespace slipway::audit {

struct Recovered {
  Catalog catalog;
  HashStore hashes;
  Frontier tree;
};

// Cuts a torn tail off the last segment, makes missing hashes again and compares the tree with `checkpoint`, the newest
// that was signed (size 0 if none). Reads the segments without an index, which a crash leaves one or two of. data_loss
// "audit.corrupt", naming segment, offset and record, if an acknowledged record is damaged or missing; nothing is
// changed then.
Result<Recovered> recover(const std::filesystem::path& directory, const Checkpoint& checkpoint);

}  // namespace slipway::audit

// Who may build on a stored file by naming its hash: whoever uploaded it lately, and whoever may read a version that
// holds it.
//
// A hash is no proof that its owner has the bytes: without this, anybody who may push could find out which files others
// have stored, and read them through a version of their own. To everybody else a stored file looks like an absent one.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"
#include "registry/manifest.h"
#include "storage/sql.h"

namespace slipway {

// How long an upload may wait for its version; registry/garbage.h forgets older ones.
inline constexpr std::chrono::hours kUploadKept{24};

// `principal` has proved that it has the bytes.
Status note_upload(Transaction& transaction, const Digest& blob, std::string_view principal, const Clock& clock);

struct BlobReader {
  std::string_view principal;
  std::function<bool(std::string_view model)> may_read;
};

// Those of `blobs` that the reader may not build on, each once, in order. Knows nothing of what is stored.
Result<std::vector<Digest>> foreign_blobs(Transaction& transaction, std::span<const Digest> blobs,
                                          const BlobReader& reader, const Clock& clock);

// failed_precondition "bundle.incomplete", with a path each, as BundleStore::put_manifest says it of absent files.
Status check_no_foreign_files(Transaction& transaction, const Manifest& manifest, const BlobReader& reader,
                              const Clock& clock);

}  // namespace slipway

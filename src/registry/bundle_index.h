// Which bundles the registry knows, and which objects each needs: what keeps registry/garbage.h from removing them.
//
// A bundle is added before its version, so that nothing it needs can go while it is checked. A bundle without a version
// is garbage once it was not touched for the grace period.
#pragma once

#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"
#include "registry/manifest.h"
#include "storage/sql.h"

namespace slipway {

// Adds the bundle or notes that it was used now. unavailable "bundle.collecting" while an object that it needs is being
// removed: try again.
Status index_bundle(Transaction& transaction, const Manifest& manifest, const Clock& clock);

}  // namespace slipway

// The Gate of the router (protocol/http.h) over the keys in memory.
#pragma once

#include "access/access_snapshot.h"
#include "access/authorize.h"
#include "base/clock.h"
#include "base/snapshot.h"
#include "protocol/http.h"

namespace slipway {

// One gate an I/O thread: it keeps that thread's reader of the snapshot. `keys` and `clock` outlive it.
Gate make_gate(const AccessPolicy& policy, const SnapshotCell<AccessSnapshot>& keys,
               const Clock& clock = system_clock());

}  // namespace slipway

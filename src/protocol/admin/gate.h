// The Gate of the router (protocol/http.h) over the keys in memory.
#pragma once

#include <functional>

#include "access/access_snapshot.h"
#include "access/authorize.h"
#include "base/clock.h"
#include "base/snapshot.h"
#include "protocol/http.h"

namespace slipway {

// What the gate turned away. `principal` is "" where no key says who; `model` as the path names it, "" without one.
struct TurnedAway {
  const HttpRequest& request;
  const Error& error;
  std::string_view principal;
  Permission permission;
  std::string_view model;
};
using OnTurnedAway = std::function<void(const TurnedAway&)>;

// One gate an I/O thread: it keeps that thread's reader of the snapshot. `keys` and `clock` outlive it.
Gate make_gate(const AccessPolicy& policy, const SnapshotCell<AccessSnapshot>& keys,
               const Clock& clock = system_clock(), OnTurnedAway on_turned_away = {});

}  // namespace slipway

// What happens in the registry and is told to others, as MLflow tells it, and what only Slipway has: approvals.
//
//   SLIPWAY_CHECK(emit(transaction, ModelVersionTagSet{"iris", "3", "quality", "gold"}));
//
// emit() writes into the caller's transaction (transactional outbox): the event is told if and only if the transaction
// commits. Each active webhook that asked for the event gets one delivery; without one nothing is written. Sending is
// the deliverer's work, later. Costs one indexed SELECT where nobody listens.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "storage/sql.h"

namespace slipway {

using EventTags = std::vector<std::pair<std::string, std::string>>;

struct RegisteredModelCreated {
  std::string name;
  EventTags tags;
  std::string description;
};

// `version` is the integer that MLflow counts, as text, here and below.
struct ModelVersionCreated {
  std::string name;
  std::string version;
  std::string source;
  std::string run_id;  // "" for none
  EventTags tags;
  std::string description;
};

struct ModelVersionTagSet {
  std::string name;
  std::string version;
  std::string key;
  std::string value;
};

struct ModelVersionTagDeleted {
  std::string name;
  std::string version;
  std::string key;
};

struct ModelVersionAliasCreated {
  std::string name;
  std::string alias;
  std::string version;
};

struct ModelVersionAliasDeleted {
  std::string name;
  std::string alias;
};

// A decision about a version, or the need for one.
struct ModelVersionDecision {
  enum class Kind : std::uint8_t { kApprovalRequested, kApproved, kRejected, kRetired };
  Kind kind = Kind::kApprovalRequested;
  std::string name;
  std::string version;
  std::string semver;
  std::string digest;  // of the bundle, hexadecimal
  std::string principal;
  std::string reason;  // "" for none
};

using Event = std::variant<RegisteredModelCreated, ModelVersionCreated, ModelVersionTagSet, ModelVersionTagDeleted,
                           ModelVersionAliasCreated, ModelVersionAliasDeleted, ModelVersionDecision>;

// "registered_model.created", "model_version_alias.deleted", "model_version.approval_requested", …
std::string_view event_name(const Event& event) noexcept;

// Every name that event_name() gives and a webhook can ask for.
std::span<const std::string_view> event_names() noexcept;

// {"entity": "model_version", "action": "created", "timestamp": "…", "data": {…}}
std::string event_body(const Event& event, WallTime time);

Status emit(Transaction& transaction, const Event& event, const Clock& clock = system_clock(),
            Random& random = system_random());

}  // namespace slipway

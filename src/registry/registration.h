// What MLflow clients register: one row for each number of a model, whether its version is made, waits for its checks,
// has failed them, or is a reference to files elsewhere. Every version of registry/model_store.h has one of its id and
// number.
//
// Creating one is a short transaction; the checks run behind it: a server claims a pending row for a while, makes the
// version (tracking/artifact_registrar.h) and finishes the row. Rows of one model are claimed in the order of their
// numbers, one at a time, so that later numbers get greater semantic versions.
//
// In SQL, inside the caller's transaction (registry/transact.h); stateless, shared by all threads. Hidden rows, of what
// a client deleted, are found by nothing here. Errors: not_found "model.not_found", "version.not_found";
// invalid_argument "registry.invalid_text"; those of storage/sql.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "storage/sql.h"

namespace slipway {

enum class RegistrationStatus : std::uint8_t { kPending, kReady, kFailed };
std::string_view to_string(RegistrationStatus status) noexcept;  // "PENDING_REGISTRATION", …

constexpr std::string_view kStages[] = {"None", "Staging", "Production", "Archived"};
std::optional<std::string_view> parse_stage(std::string_view text) noexcept;  // in any case, as MLflow reads them

struct Registration {
  std::string id;  // also of the version that is made of it
  std::string model;
  std::int64_t number = 0;
  RegistrationStatus status = RegistrationStatus::kPending;
  std::string message;  // why it failed, or what there is to know
  std::string semver;   // the one asked for, "" for the next minor
  std::string source;
  std::string run_id;
  std::string model_id;
  std::string run_link;
  std::string description;
  std::string author;
  std::string stage = "None";
  WallTime created_at{};
  WallTime updated_at{};
};

constexpr std::string_view kRegistrationColumns =
    "id, model, number, status, message, semver, source, run_id, model_id, run_link, description, author, stage, "
    "created_at, updated_at";
Result<Registration> read_registration(const Row& row);

// Where clients find the files of a version: "mlflow-artifacts:/versions/<id>".
std::string version_files_uri(std::string_view id);

class RegistrationStore {
 public:
  explicit RegistrationStore(const Clock& clock = system_clock(), Random& random = system_random())
      : clock_(&clock), random_(&random) {}

  // Makes the id and takes the model's next number; the stage and the times of `wanted` are ignored too.
  Result<Registration> create(Transaction& t, const Registration& wanted) const;
  // For a version that was pushed: under the id and number that it has.
  Status add_pushed(Transaction& t, const Registration& pushed) const;
  // With a draft that is replaced.
  Status remove(Transaction& t, std::string_view id) const;
  Result<Registration> get(Transaction& t, std::string_view model, std::int64_t number) const;
  // The newest of each stage, in the order of kStages; `stages` empty: all of them.
  Result<std::vector<Registration>> latest(Transaction& t, std::string_view model,
                                           const std::vector<std::string>& stages) const;

  Status describe(Transaction& t, const Registration& registration, std::string_view description) const;
  Status set_stage(Transaction& t, const Registration& registration, std::string_view stage) const;
  // All of a model, by number.
  Result<std::vector<Registration>> all(Transaction& t, std::string_view model) const;
  // Hides it and drops its tags and aliases. Its number is never used again.
  Status hide(Transaction& t, const Registration& registration) const;

  // The oldest pending row that may be worked on, claimed by `server` for `lease`; null where there is none.
  Result<std::optional<Registration>> claim(Transaction& t, std::string_view server, std::chrono::seconds lease) const;
  // Gives back what `server` had claimed before it was stopped.
  Status release(Transaction& t, std::string_view server) const;
  // Not before `delay` is over: for what failed for want of something that comes back.
  Status postpone(Transaction& t, const Registration& claimed, std::string_view server,
                  std::chrono::seconds delay) const;
  // Only while `server` holds the claim.
  Status finish(Transaction& t, const Registration& claimed, std::string_view server, RegistrationStatus status,
                std::string_view message) const;

 private:
  std::int64_t now() const noexcept { return clock_->now().time_since_epoch().count(); }
  Status touch_model(Transaction& t, const std::string& model) const;

  const Clock* clock_;
  Random* random_;
};

tl::unexpected<Error> no_version(std::string_view model, std::int64_t number);

}  // namespace slipway

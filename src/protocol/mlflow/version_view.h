// A version as MLflow's clients see it: its registration, what was made of it, its tags and aliases, and the facts that
// the registry shows as tags.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "registry/label_store.h"
#include "registry/model_store.h"
#include "registry/registration.h"
#include "storage/sql.h"

namespace slipway::mlflow {

struct VersionView {
  Registration registration;
  std::optional<Version> version;  // null: pending, failed, or a reference to files elsewhere
  std::vector<Label> tags;
  std::vector<std::string> aliases;
  std::int64_t approvals = 0;
  std::int64_t approvals_required = 0;
};

// In the order of `registrations`: a few statements for many.
Result<std::vector<VersionView>> load_views(Transaction& t, const ModelStore& models,
                                            std::vector<Registration> registrations);
Result<VersionView> load_view(Transaction& t, const ModelStore& models, Registration registration);

// slipway.state, slipway.semver, slipway.digest, slipway.approvals, slipway.servable; none of a reference.
std::vector<Label> facts_of(const VersionView& view);

void write_version(JsonWriter& json, const VersionView& view);
std::string version_json(const VersionView& view);  // {"model_version": …}
std::string versions_json(const std::vector<VersionView>& views, std::string_view next_token);  // {"model_versions": …}
void write_tags(JsonWriter& json, const std::vector<Label>& tags);

std::int64_t milliseconds(WallTime time) noexcept;  // since 1970

}  // namespace slipway::mlflow

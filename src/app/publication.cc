#include "app/publication.h"

#include <algorithm>

namespace slipway {
namespace {

bool waits_for_callers(const VersionPhase& version) noexcept {
  if (version.phase == Phase::kDormant) return true;
  return version.was_dormant && (version.phase == Phase::kLoading || version.phase == Phase::kFailed);
}

bool may_be_current(const VersionPhase& version, bool has_loaded) noexcept {
  if (version.phase == Phase::kLoaded) return true;
  if (!waits_for_callers(version)) return false;
  return !has_loaded || (version.was_loaded && version.phase != Phase::kFailed);
}

std::string text_of(const ApprovedVersion& approved) { return approved.version.semver.to_string(); }

void add_labels(const ApprovedVersions& approved, ServingSnapshot& snapshot) {
  std::map<std::string_view, std::string> texts;
  for (const ApprovedVersion& version : approved.versions) texts.emplace(version.version.id, text_of(version));
  for (const auto& [name, labels] : approved.labels) {
    const auto model = snapshot.models.find(name);
    if (model == snapshot.models.end()) continue;
    for (const auto& [label, id] : labels) {
      if (const auto text = texts.find(id); text != texts.end()) model->second.labels.emplace_back(label, text->second);
    }
  }
}

RepositoryEntry entry_of(const VersionPhase& version) {
  RepositoryEntry entry{
      .model = version.approved->version.model, .version = text_of(*version.approved), .state = {}, .reason = {}};
  switch (version.phase) {
    case Phase::kLoaded:
      entry.state = ServingState::kReady;
      break;
    case Phase::kLoading:
      entry.state = ServingState::kLoading;
      break;
    case Phase::kFailed:
      entry.state = ServingState::kUnavailable;
      entry.reason = version.failure;
      break;
    case Phase::kDormant:
      entry.state = ServingState::kUnavailable;
      entry.reason = "waits for its first request";
      break;
    case Phase::kUnloaded:
      entry.state = ServingState::kUnavailable;
      entry.reason = "unloaded";
      break;
  }
  if (version.is_leaving && entry.state == ServingState::kUnavailable) entry.state = ServingState::kUnloading;
  return entry;
}

bool is_same(const ServedModel& a, const ServedModel& b) {
  return a.current == b.current && a.versions == b.versions && a.dormant == b.dormant && a.labels == b.labels &&
         a.state == b.state;
}

}  // namespace

ServingSnapshot make_snapshot(std::span<const VersionPhase> versions, const ApprovedVersions& approved) {
  ServingSnapshot snapshot;
  std::map<std::string_view, bool> has_loaded;
  for (const VersionPhase& version : versions) {
    has_loaded[version.approved->version.model] |= version.phase == Phase::kLoaded;
  }
  std::map<std::string_view, bool> is_decided;  // which version answers when none is named
  for (const VersionPhase& version : versions) {
    const Version& registered = version.approved->version;
    if (version.phase != Phase::kLoaded && !waits_for_callers(version)) continue;
    ServedModel& model = snapshot.models[registered.model];
    const bool is_current = !is_decided[registered.model] && may_be_current(version, has_loaded[registered.model]);
    if (is_current) is_decided[registered.model] = true;
    model.names.insert(model.names.begin(), text_of(*version.approved));
    if (version.phase == Phase::kLoaded) {
      if (is_current) model.current = version.served;
      model.versions.insert(model.versions.begin(), version.served);  // ascending
      continue;
    }
    DormantVersion dormant{
        .id = registered.id, .version = text_of(*version.approved), .number_text = std::to_string(registered.number)};
    model.dormant.insert(is_current ? model.dormant.begin() : model.dormant.end(), std::move(dormant));
  }
  add_labels(approved, snapshot);
  return snapshot;
}

std::vector<RepositoryEntry> make_index(std::span<const VersionPhase> versions) {
  std::vector<const VersionPhase*> order;
  for (const VersionPhase& version : versions) order.push_back(&version);
  std::sort(order.begin(), order.end(), [](const VersionPhase* left, const VersionPhase* right) {
    const Version& a = left->approved->version;
    const Version& b = right->approved->version;
    return a.model != b.model ? a.model < b.model : b.semver > a.semver;
  });
  std::vector<RepositoryEntry> entries;
  for (const VersionPhase* version : order) entries.push_back(entry_of(*version));
  return entries;
}

bool is_same(const ServingSnapshot& a, const ServingSnapshot& b) {
  return a.models.size() == b.models.size() && std::all_of(a.models.begin(), a.models.end(), [&](const auto& model) {
           const auto other = b.models.find(model.first);
           return other != b.models.end() && is_same(model.second, other->second);
         });
}

}  // namespace slipway

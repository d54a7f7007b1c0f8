#include "serving/served_version.h"

#include <algorithm>

namespace slipway {
namespace {

bool is_named(const auto& version, std::string_view name) {
  return version.version == name || version.number_text == name;
}

// The version that a label means; else the name itself.
std::string_view without_label(const ServedModel& model, std::string_view name) {
  const auto label = std::find_if(model.labels.begin(), model.labels.end(),
                                  [&](const auto& candidate) { return candidate.first == name; });
  return label == model.labels.end() ? name : std::string_view(label->second);
}

}  // namespace

std::shared_ptr<const ServedVersion> ServedModel::find(std::string_view version) const {
  const auto find_exact = [&](std::string_view name) -> std::shared_ptr<const ServedVersion> {
    const auto found = std::find_if(versions.begin(), versions.end(),
                                    [&](const auto& candidate) { return is_named(*candidate, name); });
    return found == versions.end() ? nullptr : *found;
  };
  if (auto found = find_exact(version)) return found;
  return labels.empty() ? nullptr : find_exact(without_label(*this, version));
}

std::shared_ptr<VersionGuard> ServedModel::guard_of(const ServedVersion& version) const {
  for (std::size_t i = 0; i < guards.size(); ++i) {
    if (versions[i].get() == &version) return guards[i];
  }
  return nullptr;
}

const DormantVersion* ServedModel::find_dormant(std::string_view version) const {
  if (dormant.empty()) return nullptr;
  if (version.empty()) return current == nullptr ? &dormant.front() : nullptr;
  const std::string_view name = without_label(*this, version);
  const auto found =
      std::find_if(dormant.begin(), dormant.end(), [&](const auto& candidate) { return is_named(candidate, name); });
  return found == dormant.end() ? nullptr : &*found;
}

}  // namespace slipway

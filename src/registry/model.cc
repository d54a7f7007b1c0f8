#include "registry/model.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::array<std::string_view, 4> kStates = {"draft", "candidate", "approved", "retired"};

bool is_name_start(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_name_character(char c) noexcept { return is_name_start(c) || c == '.' || c == '_' || c == '-'; }

}  // namespace

std::string_view to_string(VersionState state) noexcept { return kStates[static_cast<std::size_t>(state)]; }

std::optional<VersionState> parse_version_state(std::string_view text) noexcept {
  const auto found = std::find(kStates.begin(), kStates.end(), text);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<VersionState>(found - kStates.begin());
}

std::string_view to_string(Decision decision) noexcept { return decision == Decision::kApprove ? "approve" : "reject"; }

Status check_model_name(std::string_view name) {
  const bool is_valid = !name.empty() && name.size() <= 64 && is_name_start(name[0]) &&
                        std::all_of(name.begin(), name.end(), is_name_character);
  if (is_valid) return {};
  return fail(Code::kInvalidArgument, "model.invalid_name",
              "model name " + slipway::quoted(name) +
                  " is not accepted; a name has 1 to 64 of a-z 0-9 . _ - and begins with a letter or a digit");
}

Result<ModelReference> parse_model_reference(std::string_view text) {
  const std::size_t at = text.find('@');
  ModelReference reference;
  reference.model = text.substr(0, at);
  SLIPWAY_CHECK(check_model_name(reference.model));
  if (at == std::string_view::npos) return reference;
  std::string_view range = text.substr(at + 1);
  SLIPWAY_TRY(reference.range, SemVerRange::parse(range));
  if (range.starts_with('=')) range.remove_prefix(1);
  if (auto exact = SemVer::parse(range)) reference.exact = *std::move(exact);
  return reference;
}

}  // namespace slipway

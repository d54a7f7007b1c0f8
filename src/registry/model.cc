#include "registry/model.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::array<std::string_view, 4> kStates = {"draft", "candidate", "approved", "retired"};

constexpr std::string_view kForbiddenInNames = "/:@\\%?#;";

// Those of ASCII, and U+0080 to U+009F: C2 80 to C2 9F. Precondition: UTF-8.
bool has_control_character(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

}  // namespace

std::string_view to_string(VersionState state) noexcept { return kStates[static_cast<std::size_t>(state)]; }

std::optional<VersionState> parse_version_state(std::string_view text) noexcept {
  const auto found = std::find(kStates.begin(), kStates.end(), text);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<VersionState>(found - kStates.begin());
}

std::string_view to_string(Decision decision) noexcept { return decision == Decision::kApprove ? "approve" : "reject"; }

Status check_model_name(std::string_view name) {
  const bool is_valid = !name.empty() && name.size() <= kModelNameBytesMax && is_utf8(name) &&
                        !has_control_character(name) && name.find_first_of(kForbiddenInNames) == name.npos &&
                        name != "." && name != ".." && name.front() != ' ' && name.back() != ' ';
  if (is_valid) return {};
  return fail(Code::kInvalidArgument, "model.invalid_name",
              "model name " + slipway::quoted(name) +
                  " is not accepted; a name is 1 to 255 bytes of UTF-8 without control characters and without "
                  "/ : @ \\ % ? # ; and neither \".\" nor \"..\", and has no space at its beginning or end");
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

#include "storage/object_key.h"

#include <string>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool is_segment(std::string_view segment) {
  return !segment.empty() && segment.size() <= kObjectSegmentBytesMax && segment != "." && segment != ".." &&
         segment.find_first_not_of(kAlphabet) == std::string_view::npos;
}

bool is_key(std::string_view key) {
  if (key.size() > kObjectKeyBytesMax) return false;
  for (std::size_t slash = key.find('/'); slash != std::string_view::npos; slash = key.find('/')) {
    if (!is_segment(key.substr(0, slash))) return false;
    key.remove_prefix(slash + 1);
  }
  return is_segment(key);
}

tl::unexpected<Error> bad(std::string_view what, std::string_view text) {
  return fail(Code::kInvalidArgument, "object.key",
              "the " + std::string(what) + " " + quoted(text) +
                  " is not made of segments of [A-Za-z0-9._-], none empty, '.' or '..'");
}

}  // namespace

Status check_object_key(std::string_view key) {
  if (!is_key(key)) return bad("object key", key);
  return {};
}

Status check_object_prefix(std::string_view prefix) {
  // One more character finishes any last segment that may become one.
  if (!is_key(std::string(prefix) + "x")) return bad("prefix of object keys", prefix);
  return {};
}

}  // namespace slipway

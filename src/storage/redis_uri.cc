#include <charconv>

#include "base/bytes.h"
#include "storage/redis_client.h"

namespace slipway {
namespace {

template <typename Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<RedisAddress> parse_redis_uri(std::string_view uri) {
  constexpr std::string_view kScheme = "redis://";
  const auto refuse = [](const std::string& why) { return fail(Code::kInvalidArgument, "redis.uri", why); };
  if (!uri.starts_with(kScheme)) return refuse("must be redis://[USER@]HOST[:PORT][/DATABASE]");
  RedisAddress address;
  std::string_view rest = uri.substr(kScheme.size());
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    if (rest.substr(0, at).find(':') != rest.npos) {
      return refuse("must not hold a password, which other processes could read; give it in a file");
    }
    address.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  if (const auto slash = rest.find('/'); slash != rest.npos) {
    const std::string_view database = rest.substr(slash + 1);
    if (!database.empty() && !parse_number(database, address.database)) {
      return refuse("the database " + quoted(database) + " is not a number");
    }
    rest = rest.substr(0, slash);
  }
  const bool is_bracketed = rest.starts_with('[');
  const auto end_of_host = is_bracketed ? rest.find(']') : rest.find(':');
  if (is_bracketed && end_of_host == rest.npos) return refuse("a bracket is not closed");
  address.host = rest.substr(is_bracketed ? 1 : 0, is_bracketed ? end_of_host - 1 : end_of_host);
  rest = end_of_host == rest.npos ? std::string_view() : rest.substr(end_of_host + (is_bracketed ? 1 : 0));
  if (address.host.empty()) return refuse("names no host");
  if (!rest.empty() && (!rest.starts_with(':') || !parse_number(rest.substr(1), address.port) || address.port == 0)) {
    return refuse("the port " + quoted(rest) + " is not a number from 1 to 65535");
  }
  return address;
}

}  // namespace slipway

#include "tracking/naming.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/id.h"

namespace slipway {
namespace {

using namespace std::string_view_literals;

constexpr std::int64_t kEpochMicros = 1'577'836'800'000'000;  // 2020-01-01: 51 bits of microseconds last until 2091
constexpr int kRandomBits = 12;

constexpr std::array kAdjectives{
    "able"sv,   "amber"sv, "bold"sv,   "brave"sv,  "bright"sv, "brisk"sv,   "calm"sv,   "clear"sv,
    "clever"sv, "crisp"sv, "deft"sv,   "eager"sv,  "early"sv,  "fair"sv,    "fleet"sv,  "fond"sv,
    "frank"sv,  "fresh"sv, "gentle"sv, "glad"sv,   "golden"sv, "grand"sv,   "hardy"sv,  "honest"sv,
    "humble"sv, "jolly"sv, "keen"sv,   "kind"sv,   "level"sv,  "light"sv,   "lively"sv, "lucid"sv,
    "merry"sv,  "mild"sv,  "neat"sv,   "nimble"sv, "noble"sv,  "patient"sv, "placid"sv, "plucky"sv,
    "polite"sv, "proud"sv, "quick"sv,  "quiet"sv,  "ready"sv,  "rosy"sv,    "sage"sv,   "serene"sv,
    "silver"sv, "sleek"sv, "smooth"sv, "snug"sv,   "spry"sv,   "stable"sv,  "steady"sv, "sunny"sv,
    "swift"sv,  "tidy"sv,  "vivid"sv,  "warm"sv,   "wise"sv,   "witty"sv,   "young"sv,  "zesty"sv};
constexpr std::array kNouns{
    "albatross"sv, "avocet"sv,    "badger"sv, "barbel"sv,  "beaver"sv,   "bittern"sv, "bream"sv,   "bunting"sv,
    "cod"sv,       "condor"sv,    "coot"sv,   "crane"sv,   "curlew"sv,   "dipper"sv,  "dolphin"sv, "dunlin"sv,
    "eel"sv,       "egret"sv,     "eider"sv,  "falcon"sv,  "fulmar"sv,   "gannet"sv,  "goby"sv,    "godwit"sv,
    "grebe"sv,     "gull"sv,      "heron"sv,  "herring"sv, "ibis"sv,     "jaeger"sv,  "kestrel"sv, "kite"sv,
    "knot"sv,      "lamprey"sv,   "limpet"sv, "loon"sv,    "mackerel"sv, "mallard"sv, "marlin"sv,  "merlin"sv,
    "mink"sv,      "mullet"sv,    "mussel"sv, "narwhal"sv, "osprey"sv,   "otter"sv,   "oyster"sv,  "pelican"sv,
    "perch"sv,     "petrel"sv,    "pike"sv,   "pintail"sv, "plover"sv,   "puffin"sv,  "rail"sv,    "ruff"sv,
    "salmon"sv,    "sandpiper"sv, "scaup"sv,  "seal"sv,    "shrimp"sv,   "teal"sv,    "tern"sv,    "walrus"sv};

}  // namespace

std::int64_t make_number(const Clock& clock, Random& random) noexcept {
  static std::atomic<std::int64_t> last{0};
  const std::int64_t micros = std::max<std::int64_t>(clock.now().time_since_epoch().count() - kEpochMicros, 1);
  const auto low = static_cast<std::int64_t>(random.next() >> (64 - kRandomBits));
  std::int64_t before = last.load(std::memory_order_relaxed);
  std::int64_t number = 0;
  do {
    number = std::max((micros << kRandomBits) | low, before + 1);
  } while (!last.compare_exchange_weak(before, number, std::memory_order_relaxed));
  return number;
}

std::string make_hex_id(const Clock& clock, Random& random) {
  std::string id = Id::make(clock, random).to_string();
  std::erase(id, '-');
  return id;
}

std::string make_run_name(Random& random) {
  const std::uint64_t bits = random.next();
  std::string name(kAdjectives[bits % kAdjectives.size()]);
  name.append(1, '-').append(kNouns[(bits >> 16) % kNouns.size()]);
  return name.append(1, '-').append(std::to_string((bits >> 32) % 1000));
}

std::string artifact_uri(std::string_view location, std::initializer_list<std::string_view> parts) {
  const std::string_view path = location.substr(0, location.find_first_of("?#"));
  std::string uri(path.substr(0, path.find_last_not_of('/') + 1));
  for (const std::string_view part : parts) uri.append(1, '/').append(part);
  return uri.append(location.substr(path.size()));
}

}  // namespace slipway

#include "access/access_snapshot.h"

#include <bit>
#include <cassert>

#include "access/key.h"
#include "base/secret.h"

namespace slipway {
namespace {

bool is_same(const Digest& a, const Digest& b) noexcept {
  const auto text = [](const Digest& digest) {
    return std::string_view(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size());
  };
  return constant_time_equal(text(a), text(b));
}

// A line that all threads read is written only when the minute changes.
void note_use(LastUsed& last_used, WallTime now) noexcept {
  const std::int64_t minute = std::chrono::floor<std::chrono::minutes>(now).time_since_epoch().count();
  if (last_used.load(std::memory_order_relaxed) != minute) last_used.store(minute, std::memory_order_relaxed);
}

}  // namespace

AccessSnapshot::AccessSnapshot(std::vector<LiveKey> keys)
    : keys_(std::move(keys)), slots_(std::bit_ceil(keys_.size() * 2 + 2), 0) {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    assert(keys_[i].principal != nullptr && keys_[i].last_used != nullptr);
    assert(find(keys_[i].id) == nullptr);
    std::size_t slot = keys_[i].id & (slots_.size() - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

const LiveKey* AccessSnapshot::find(std::uint64_t id) const noexcept {
  for (std::size_t slot = id & (slots_.size() - 1); slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    if (const LiveKey& key = keys_[slots_[slot] - 1]; key.id == id) return &key;
  }
  return nullptr;
}

Authentication AccessSnapshot::authenticate(std::string_view text, WallTime now) const noexcept {
  const auto parsed = parse_key(text);
  if (!parsed) return {nullptr, KeyRefusal::kUnknown};
  const LiveKey* key = find(parsed->id);
  if (key == nullptr) return {nullptr, KeyRefusal::kUnknown};
  const Digest digest = key_digest(*parsed);
  const bool is_current = is_same(digest, key->digest);
  const bool is_previous = !is_current && key->previous_digest && is_same(digest, *key->previous_digest);
  if (!is_current && !is_previous) return {nullptr, KeyRefusal::kUnknown};
  if (now >= key->expires || (is_previous && now >= key->previous_until)) return {nullptr, KeyRefusal::kExpired};
  note_use(*key->last_used, now);
  return {key, KeyRefusal::kNone};
}

}  // namespace slipway

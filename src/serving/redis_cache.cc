#include "serving/redis_cache.h"

#include <utility>

#include "base/bytes.h"
#include "base/log.h"

namespace slipway {
namespace {

// It comes back a second after Redis does, and a slow Redis costs few requests their time limit.
constexpr BreakerPolicy kBreaker{.failure_ratio = 0.5,
                                 .slow_after = std::nullopt,
                                 .slow_ratio = 1.0,
                                 .window = std::chrono::seconds(2),
                                 .calls_min = 20,
                                 .open_for = std::chrono::seconds(1),
                                 .probes = 3};

Monotonic now() { return std::chrono::steady_clock::now(); }

metrics::Description describe(std::string name, std::string help, std::vector<std::string> labels = {}) {
  metrics::Description description;
  description.name = std::move(name);
  description.help = std::move(help);
  description.label_names = std::move(labels);
  return description;
}

metrics::Description duration() {
  metrics::Description description = describe("slipway_redis_duration_seconds", "From asking Redis to its answer.");
  description.scale = 1e-9;  // observed in nanoseconds
  return description;
}

}  // namespace

RedisCache::RedisCache(RedisOptions options, const Secret& secret, metrics::Registry& registry)
    : secret_(secret),
      duration_(registry.histogram(duration()).with({})),
      breaker_state_(registry
                         .gauge(describe("slipway_redis_breaker_state",
                                         "Of the breaker before Redis: 0 closed, 1 half open, 2 open."))
                         .with({})),
      breaker_(
          kBreaker, now(),
          [this](const BreakerChange& change) {
            breaker_state_.set(static_cast<double>(change.to));
            log::warning("redis.breaker_changed", {{"from", to_string(change.from)}, {"to", to_string(change.to)}});
          }),
      client_(std::move(options)) {
  auto& requests =
      registry.counter(describe("slipway_redis_requests_total", "Answers looked up or kept in Redis.", {"result"}));
  hits_ = requests.with({"hit"});
  misses_ = requests.with({"miss"});
  kept_ = requests.with({"kept"});
  errors_ = requests.with({"error"});
  timeouts_ = requests.with({"timeout"});
  unavailable_ = requests.with({"unavailable"});
  skipped_ = requests.with({"skipped"});
  rejected_ = requests.with({"rejected"});
  breaker_state_.set(0);
}

metrics::Counter& RedisCache::count_of(const RedisClient::Value& value) noexcept {
  if (value) return *value ? hits_ : misses_;
  if (value.error().code == Code::kDeadlineExceeded) return timeouts_;
  return value.error().code == Code::kUnavailable ? unavailable_ : errors_;
}

Task<std::shared_ptr<const CachedAnswer>> RedisCache::find(CacheKey key, Executor& executor) {
  const Monotonic start = now();
  auto permit = breaker_.try_enter(start);
  if (!permit) {
    skipped_.add();
    co_return nullptr;
  }
  auto waiting =
      callback_on<RedisClient::Value>(executor, [&](auto resume) { client_.get(name_of(key), std::move(resume)); });
  const RedisClient::Value value = co_await waiting;
  const Monotonic end = now();
  duration_.observe(end - start);
  permit->finish(!value.has_value(), end - start, end);
  std::shared_ptr<const CachedAnswer> answer;
  if (value && *value) answer = unseal(key, **value);
  (value && *value && answer == nullptr ? rejected_ : count_of(value)).add();
  co_return answer;
}

void RedisCache::put(const CacheKey& key, const CachedAnswer& answer, std::chrono::milliseconds keep) {
  if (breaker_.state() != BreakerState::kClosed) return;
  client_.set(name_of(key), seal(key, answer.bytes()), std::max(keep, std::chrono::milliseconds(1)),
              [this](const RedisClient::Value& value) { (value ? kept_ : count_of(value)).add(); });
}

std::string RedisCache::name_of(const CacheKey& key) { return "slipway:1:" + to_hex(key.name()); }

Digest RedisCache::seal_of(const CacheKey& key, std::span<const std::byte> answer) const {
  Sha256 hasher;
  hasher.update(std::as_bytes(std::span(key.digest.bytes)));
  hasher.update(answer);
  const Digest inner = hasher.finish();
  hasher.reset();
  hasher.update(secret_.reveal());
  hasher.update(std::as_bytes(std::span(inner.bytes)));
  return hasher.finish();
}

std::string RedisCache::seal(const CacheKey& key, std::span<const std::byte> answer) const {
  const Digest digest = seal_of(key, answer);
  std::string value(as_text(answer));
  return value.append(as_text(std::as_bytes(std::span(digest.bytes))));
}

std::shared_ptr<const CachedAnswer> RedisCache::unseal(const CacheKey& key, std::string_view value) const {
  constexpr std::size_t kSealBytes = sizeof(Digest);
  if (value.size() < kSealBytes) return nullptr;
  const auto answer = as_bytes(value.substr(0, value.size() - kSealBytes));
  const Digest digest = seal_of(key, answer);
  const std::string_view seal = value.substr(answer.size());
  if (!constant_time_equal(as_text(std::as_bytes(std::span(digest.bytes))), seal)) return nullptr;
  return CachedAnswer::parse(answer);
}

}  // namespace slipway

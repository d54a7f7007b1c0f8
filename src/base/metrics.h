// Counters, gauges and histograms that cost about 2 ns to update from any number of threads.
//
// Each thread writes cells of its own (a relaxed load and store, no locked instruction); a scrape sums the cells of all
// threads. A series is resolved from its label values to a handle once, when a model is published, and is used through
// the handle; the series disappears from the exposition when its last handle is dropped, so unloading a model leaves
// nothing. Everything is thread-safe. Updates never fail; a default-constructed handle swallows them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/metric_cells.h"
#include "base/result.h"

namespace slipway::metrics {

struct Series;
struct BucketLayout;

enum class Type : std::uint8_t { kCounter, kGauge, kHistogram };
std::string_view to_string(Type type) noexcept;  // "counter", …

struct Description {
  std::string name;  // "slipway_request_duration_seconds"; counters end with _total
  std::string help;
  std::vector<std::string> label_names;
  double scale = 1;               // a raw value times this is what is exposed: 1e-9 for nanoseconds to seconds
  std::vector<double> bounds;     // histograms: the `le` bounds as exposed; empty: latency_bounds()
  std::size_t series_max = 2000;  // above it, updates go to one series whose label values are all "_other"
};

// The naming rules of Prometheus and OpenMetrics: [a-z][a-z0-9_]*, counters end with _total and nothing else does, base
// units only (seconds, bytes), no reserved suffix or label, a help text.
Status check(const Description& description, Type type);

// "seconds", "bytes", "ratio", or "" when the name carries no unit.
std::string_view unit_of(std::string_view name) noexcept;

// 5 µs to 60 s, in seconds.
std::span<const double> latency_bounds() noexcept;

// What one histogram has seen. bucket_counts[i] counts values <= bounds[i] and above the bound before; the last one,
// which has no bound, counts the rest.
struct Distribution {
  std::vector<double> bounds;
  std::vector<std::uint64_t> bucket_counts;
  std::uint64_t count = 0;
  double sum = 0;
  // Fine buckets, as exposed values: the largest value each can hold, and how many it holds. Empty ones are left out.
  std::vector<std::pair<double, std::uint64_t>> fine;

  // At most 12.5 % above the true quantile. 0 when empty. Precondition: 0 <= q <= 1.
  double quantile(double q) const noexcept;
};

struct Sample {
  std::vector<std::string> label_values;
  double value = 0;
  Distribution distribution;  // histograms only
};

// One family at one instant, for exposition.
struct Family {
  std::string name;
  std::string help;
  Type type = Type::kGauge;
  std::vector<std::string> label_names;
  std::vector<Sample> samples;
};

class Counter {
 public:
  Counter() = default;
  void add(std::uint64_t amount = 1) noexcept { cells::add(cell_, amount); }
  double value() const noexcept;  // as exposed

 private:
  friend class CounterFamily;
  std::shared_ptr<const Series> series_;
  cells::Index cell_ = cells::kSink;
};

// Its value is what was set() last plus everything that was add()ed; a gauge normally uses one of the two.
class Gauge {
 public:
  Gauge() = default;
  void set(double value) noexcept;
  void add(std::int64_t amount) noexcept { cells::add(cell_, static_cast<std::uint64_t>(amount)); }
  double value() const noexcept;

 private:
  friend class GaugeFamily;
  std::shared_ptr<Series> series_;
  cells::Index cell_ = cells::kSink;
};

// Log-linear: 8 buckets an octave, from 1 to 2^38 raw units (with nanoseconds: to 4.6 minutes), split at each `le`
// bound so that the exposed buckets are exact.
class Histogram {
 public:
  Histogram() = default;
  void observe(std::uint64_t raw) noexcept;  // about 7 ns
  void observe(std::chrono::nanoseconds duration) noexcept {
    observe(static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count()));
  }
  Distribution distribution() const;
  struct Total {
    std::uint64_t count = 0;
    std::uint64_t raw_sum = 0;  // of what was observed
  };
  Total total() const;  // no buckets sorted out: for those who ask often

 private:
  friend class HistogramFamily;
  std::shared_ptr<const Series> series_;
  const BucketLayout* layout_ = nullptr;
  cells::Index first_ = cells::kSink;
};

class FamilyBase {
 public:
  virtual ~FamilyBase();
  FamilyBase(const FamilyBase&) = delete;
  FamilyBase& operator=(const FamilyBase&) = delete;
  Family collect() const;
  const Description& description() const noexcept { return description_; }
  Type type() const noexcept { return type_; }

 protected:
  FamilyBase(Description description, Type type);
  std::shared_ptr<Series> find_or_make(std::vector<std::string> label_values);

 private:
  const Description description_;
  const Type type_;
  std::shared_ptr<const BucketLayout> layout_;
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Series>> series_;
};

// Precondition of with(): as many values as the description has label names. The same values give the same series.
class CounterFamily final : public FamilyBase {
 public:
  explicit CounterFamily(Description description) : FamilyBase(std::move(description), Type::kCounter) {}
  Counter with(std::vector<std::string> label_values);
};
class GaugeFamily final : public FamilyBase {
 public:
  explicit GaugeFamily(Description description) : FamilyBase(std::move(description), Type::kGauge) {}
  Gauge with(std::vector<std::string> label_values);
};
class HistogramFamily final : public FamilyBase {
 public:
  explicit HistogramFamily(Description description) : FamilyBase(std::move(description), Type::kHistogram) {}
  Histogram with(std::vector<std::string> label_values);
};

class Registry {
 public:
  Registry() = default;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // References live as long as the registry. A name that check() refuses, or that is taken with another meaning, is a
  // defect of ours and ends the process; the same description again gives the same family.
  CounterFamily& counter(Description description);
  GaugeFamily& gauge(Description description);
  HistogramFamily& histogram(Description description);

  // Calls `collector` at each scrape, for values that something else keeps (queue lengths, /proc). It must not block
  // long.
  void add_collector(std::function<void(std::vector<Family>&)> collector);

  // Sorted by name; families without samples are left out.
  std::vector<Family> collect() const;

 private:
  template <typename T>
  T& family(Description description, Type type);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<FamilyBase>> families_;
  std::vector<std::function<void(std::vector<Family>&)>> collectors_;
};

}  // namespace slipway::metrics

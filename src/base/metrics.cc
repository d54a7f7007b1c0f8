#include "base/metrics.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "base/bucket_layout.h"
#include "base/bytes.h"

namespace slipway::metrics {

// The cells of one set of label values; freed with its last handle.
struct Series {
  Series(std::vector<std::string> values, Type series_type, double series_scale,
         std::shared_ptr<const BucketLayout> series_layout)
      : label_values(std::move(values)),
        type(series_type),
        scale(series_scale),
        layout(std::move(series_layout)),
        cell_count(layout != nullptr ? layout->buckets() + 1 : 1),
        first_cell(cells::allocate(cell_count)) {}
  ~Series() { cells::release(first_cell, cell_count); }
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;

  const std::vector<std::string> label_values;
  const Type type;
  const double scale;
  const std::shared_ptr<const BucketLayout> layout;  // histograms only; the first cell is the sum, the buckets follow
  const std::size_t cell_count;
  const cells::Index first_cell;
  std::atomic<double> set_value{0};
};

namespace {

std::uint64_t total_of(const Series& series) { return cells::sums(series.first_cell, 1).front(); }

double value_of(const Series& series) {
  if (series.type == Type::kCounter) return static_cast<double>(total_of(series)) * series.scale;
  const auto added = static_cast<double>(static_cast<std::int64_t>(total_of(series)));
  return series.set_value.load(std::memory_order_relaxed) + added * series.scale;
}

Distribution distribution_of(const Series& series) {
  const BucketLayout& layout = *series.layout;
  const std::vector<std::uint64_t> counts = cells::sums(series.first_cell, series.cell_count);
  Distribution result;
  result.bounds = layout.bounds;
  result.bucket_counts.assign(layout.bounds.size() + 1, 0);
  std::size_t bucket = 0;
  for (std::size_t cell = 0; cell < layout.buckets(); ++cell) {
    while (bucket < layout.bound_cell.size() && cell > layout.bound_cell[bucket]) ++bucket;
    if (counts[cell + 1] == 0) continue;
    result.bucket_counts[bucket] += counts[cell + 1];
    result.count += counts[cell + 1];
    result.fine.emplace_back(static_cast<double>(layout.largest[cell]) * layout.scale, counts[cell + 1]);
  }
  result.sum = static_cast<double>(counts.front()) * layout.scale;
  return result;
}

bool is_name(std::string_view text) noexcept {
  if (text.empty() || text.front() < 'a' || text.front() > 'z') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

tl::unexpected<Error> bad_name(const Description& description, std::string_view why) {
  return fail(Code::kInvalidArgument, "metrics.bad_description",
              "metric " + quoted(description.name) + ": " + std::string(why));
}

// Base units only: what a reader would otherwise have to convert.
constexpr std::array<std::string_view, 11> kOtherUnits = {"_ms",           "_us",           "_ns",     "_millis",
                                                          "_milliseconds", "_microseconds", "_micros", "_minutes",
                                                          "_kilobytes",    "_megabytes",    "_percent"};

[[noreturn]] void stop(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::abort();
}

}  // namespace

std::string_view to_string(Type type) noexcept {
  static constexpr std::array<std::string_view, 3> kNames = {"counter", "gauge", "histogram"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view unit_of(std::string_view name) noexcept {
  if (name.ends_with("_total")) name.remove_suffix(6);
  for (const std::string_view unit : {"seconds", "bytes", "ratio"}) {
    if (name.size() > unit.size() && name.ends_with(unit) && name[name.size() - unit.size() - 1] == '_') return unit;
  }
  return "";
}

Status check(const Description& description, Type type) {
  std::string_view name = description.name;
  if (!is_name(name) || name.find("__") != name.npos || name.ends_with('_')) {
    return bad_name(description, "a name is lower-case words joined by single underscores");
  }
  const bool is_total = name.ends_with("_total");
  if (is_total != (type == Type::kCounter)) return bad_name(description, "counters, and only they, end with _total");
  if (is_total) name.remove_suffix(6);
  for (const std::string_view suffix : {"_count", "_sum", "_bucket", "_created", "_info"}) {
    if (name.ends_with(suffix)) return bad_name(description, "the suffix " + std::string(suffix) + " is reserved");
  }
  for (const std::string_view unit : kOtherUnits) {
    if (name.ends_with(unit)) return bad_name(description, "units are base units: seconds, bytes, ratio");
  }
  if (description.help.empty()) return bad_name(description, "a help text is missing");
  for (const std::string& label : description.label_names) {
    if (!is_name(label) || label == "le" || label == "quantile") {
      return bad_name(description, "label name " + quoted(label) + " is malformed or reserved");
    }
  }
  if (!(description.scale > 0)) return bad_name(description, "the scale must be above 0");
  const auto& bounds = description.bounds;
  if (type == Type::kHistogram && bounds.empty() && description.scale != 1e-9) {
    return bad_name(description, "the default bounds are for nanoseconds: give a scale of 1e-9, or bounds");
  }
  if (std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) != bounds.end()) {
    return bad_name(description, "bounds must increase");
  }
  if (description.series_max == 0) return bad_name(description, "series_max must be 1 or more");
  return {};
}

std::span<const double> latency_bounds() noexcept {
  static constexpr std::array<double, 22> kBounds = {5e-6,   1e-5, 2.5e-5, 5e-5,  1e-4, 2.5e-4, 5e-4, 1e-3,
                                                     2.5e-3, 5e-3, 0.01,   0.025, 0.05, 0.1,    0.25, 0.5,
                                                     1,      2.5,  5,      10,    30,   60};
  return kBounds;
}

double Distribution::quantile(double q) const noexcept {
  assert(q >= 0 && q <= 1);
  if (count == 0) return 0;
  const double rank = std::max(1.0, std::ceil(q * static_cast<double>(count)));
  std::uint64_t seen = 0;
  for (const auto& [largest, bucket_count] : fine) {
    seen += bucket_count;
    if (static_cast<double>(seen) >= rank) return largest;
  }
  return fine.back().first;
}

double Counter::value() const noexcept { return series_ ? value_of(*series_) : 0; }

void Gauge::set(double value) noexcept {
  if (series_) series_->set_value.store(value, std::memory_order_relaxed);
}
double Gauge::value() const noexcept { return series_ ? value_of(*series_) : 0; }

void Histogram::observe(std::uint64_t raw) noexcept {
  if (layout_ == nullptr) return;
  const std::size_t bucket = 1 + layout_->cell_of(raw);
  if (cells::Cell* own = cells::own(first_)) [[likely]] {
    cells::add_to(own[0], raw);
    cells::add_to(own[bucket], 1);
  } else {
    cells::add_shared(first_, raw);
    cells::add_shared(static_cast<cells::Index>(first_ + bucket), 1);
  }
}
Distribution Histogram::distribution() const { return series_ ? distribution_of(*series_) : Distribution{}; }
Histogram::Total Histogram::total() const {
  if (!series_) return {};
  const std::vector<std::uint64_t> cells = cells::sums(series_->first_cell, series_->cell_count);
  return {.count = std::accumulate(cells.begin() + 1, cells.end(), std::uint64_t{0}), .raw_sum = cells.front()};
}

FamilyBase::FamilyBase(Description description, Type type) : description_(std::move(description)), type_(type) {
  if (type_ != Type::kHistogram) return;
  const auto& bounds = description_.bounds;
  layout_ = std::make_shared<BucketLayout>(bounds.empty() ? latency_bounds() : std::span(bounds), description_.scale);
}

FamilyBase::~FamilyBase() = default;

std::shared_ptr<Series> FamilyBase::find_or_make(std::vector<std::string> label_values) {
  assert(label_values.size() == description_.label_names.size());
  std::lock_guard lock(mutex_);
  std::erase_if(series_, [](const auto& series) { return series.expired(); });
  const auto find = [&]() -> std::shared_ptr<Series> {
    for (const auto& weak : series_) {
      if (auto series = weak.lock(); series && series->label_values == label_values) return series;
    }
    return nullptr;
  };
  if (auto known = find()) return known;
  if (series_.size() >= description_.series_max) {
    label_values.assign(label_values.size(), "_other");
    if (auto known = find()) return known;
  }
  auto series = std::make_shared<Series>(std::move(label_values), type_, description_.scale, layout_);
  series_.push_back(series);
  return series;
}

Family FamilyBase::collect() const {
  Family family{description_.name, description_.help, type_, description_.label_names, {}};
  std::vector<std::shared_ptr<Series>> live;
  {
    std::lock_guard lock(mutex_);
    for (const auto& weak : series_) {
      if (auto series = weak.lock()) live.push_back(std::move(series));
    }
  }
  for (const auto& series : live) {
    Sample sample;
    sample.label_values = series->label_values;
    if (type_ == Type::kHistogram) {
      sample.distribution = distribution_of(*series);
    } else {
      sample.value = value_of(*series);
    }
    family.samples.push_back(std::move(sample));
  }
  return family;
}

Counter CounterFamily::with(std::vector<std::string> label_values) {
  Counter handle;
  auto series = find_or_make(std::move(label_values));
  handle.cell_ = series->first_cell;
  handle.series_ = std::move(series);
  return handle;
}
Gauge GaugeFamily::with(std::vector<std::string> label_values) {
  Gauge handle;
  handle.series_ = find_or_make(std::move(label_values));
  handle.cell_ = handle.series_->first_cell;
  return handle;
}
Histogram HistogramFamily::with(std::vector<std::string> label_values) {
  Histogram handle;
  auto series = find_or_make(std::move(label_values));
  if (series->first_cell != cells::kSink) handle.layout_ = series->layout.get();
  handle.first_ = series->first_cell;
  handle.series_ = std::move(series);
  return handle;
}

template <typename T>
T& Registry::family(Description description, Type type) {
  if (auto checked = check(description, type); !checked) stop(checked.error().message);
  std::lock_guard lock(mutex_);
  for (const auto& known : families_) {
    if (known->description().name != description.name) continue;
    auto* same = dynamic_cast<T*>(known.get());
    if (same == nullptr || known->description().label_names != description.label_names) {
      stop("metric " + description.name + " is registered twice with different meanings");
    }
    return *same;
  }
  auto made = std::make_unique<T>(std::move(description));
  T& result = *made;
  families_.push_back(std::move(made));
  return result;
}

CounterFamily& Registry::counter(Description description) {
  return family<CounterFamily>(std::move(description), Type::kCounter);
}
GaugeFamily& Registry::gauge(Description description) {
  return family<GaugeFamily>(std::move(description), Type::kGauge);
}
HistogramFamily& Registry::histogram(Description description) {
  return family<HistogramFamily>(std::move(description), Type::kHistogram);
}

void Registry::add_collector(std::function<void(std::vector<Family>&)> collector) {
  std::lock_guard lock(mutex_);
  collectors_.push_back(std::move(collector));
}

std::vector<Family> Registry::collect() const {
  std::vector<Family> result;
  std::vector<std::function<void(std::vector<Family>&)>> collectors;
  {
    std::lock_guard lock(mutex_);
    for (const auto& family : families_) result.push_back(family->collect());
    collectors = collectors_;
  }
  for (const auto& collector : collectors) collector(result);
  std::erase_if(result, [](const Family& family) { return family.samples.empty(); });
  std::sort(result.begin(), result.end(), [](const Family& a, const Family& b) { return a.name < b.name; });
  return result;
}

}  // namespace slipway::metrics

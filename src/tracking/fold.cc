#include "tracking/fold.h"

#include <algorithm>
#include <tuple>

#include "tracking/rows.h"

namespace slipway {
namespace {

// Keeps the last of the entries whose keys are equal. Precondition: sorted by key.
template <typename T, typename KeyOf>
void keep_last_of_each(std::vector<const T*>& sorted, KeyOf key_of) {
  const auto end =
      std::unique(sorted.rbegin(), sorted.rend(), [&](const T* a, const T* b) { return key_of(*a) == key_of(*b); });
  sorted.erase(sorted.begin(), end.base());
}

template <typename KeyOf>
std::vector<const Metric*> keep_greatest_of_each(std::vector<const Metric*> points, KeyOf key_of) {
  std::ranges::sort(points, [&](const Metric* a, const Metric* b) {
    const auto order = key_of(*a) <=> key_of(*b);
    return order < 0 || (order == 0 && is_before(*a, *b));
  });
  keep_last_of_each(points, key_of);
  return points;
}

template <typename T>
std::vector<const T*> pointers(std::span<const T> entries) {
  std::vector<const T*> all;
  all.reserve(entries.size());
  for (const T& entry : entries) all.push_back(&entry);
  return all;
}

}  // namespace

bool is_before(const Metric& a, const Metric& b) noexcept {
  const StoredValue value_a = stored_value(a.value);
  const StoredValue value_b = stored_value(b.value);
  return std::tie(a.step, a.time_ms, value_a.value, value_a.is_nan, a.model_id, a.dataset_digest) <
         std::tie(b.step, b.time_ms, value_b.value, value_b.is_nan, b.model_id, b.dataset_digest);
}

std::vector<const Metric*> latest_of_each(std::span<const Metric> metrics) {
  return keep_greatest_of_each(pointers(metrics), [](const Metric& metric) { return std::string_view(metric.key); });
}

std::vector<const Metric*> latest_of_each_model(std::span<const Metric> metrics) {
  std::vector<const Metric*> of_models = pointers(metrics);
  std::erase_if(of_models, [](const Metric* metric) { return metric->model_id.empty(); });
  return keep_greatest_of_each(std::move(of_models), [](const Metric& metric) {
    return std::tie(metric.model_id, metric.key, metric.dataset_name, metric.dataset_digest);
  });
}

std::vector<const KeyValue*> last_of_each(std::span<const KeyValue> entries) {
  const auto key_of = [](const KeyValue& entry) { return std::string_view(entry.key); };
  std::vector<const KeyValue*> last = pointers(entries);
  std::ranges::stable_sort(last, {}, [&](const KeyValue* entry) { return key_of(*entry); });
  keep_last_of_each(last, key_of);
  return last;
}

}  // namespace slipway

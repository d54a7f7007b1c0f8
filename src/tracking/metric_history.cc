// Every point that was logged of one key.
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <tuple>

#include "registry/page.h"
#include "tracking/point_blocks.h"
#include "tracking/row_batch.h"
#include "tracking/rows.h"
#include "tracking/run_key.h"
#include "tracking/run_store.h"

namespace slipway {
namespace {

// Where a page ended: the columns of the key of metric_points after (run, block, key).
struct Place {
  std::int64_t time_ms = 0;
  std::int64_t step = 0;
  double value = 0;
  std::int64_t is_nan = 0;
  std::string model_id;
  std::string dataset_digest;
};

// A token is of one run and one key.
std::string list_name(std::string_view run_id, std::string_view key) {
  return "history/" + std::string(run_id) + '/' + std::string(key);
}

// Text in SQL has no NUL, so that it separates.
std::string write_place(const Metric& last) {
  const StoredValue stored = stored_value(last.value);
  std::string text = std::to_string(last.time_ms);
  for (const std::int64_t number : {last.step, std::bit_cast<std::int64_t>(stored.value), stored.is_nan}) {
    text.append(1, '\0').append(std::to_string(number));
  }
  return text.append(1, '\0').append(last.model_id).append(1, '\0').append(last.dataset_digest);
}

std::optional<Place> read_place(std::string_view text) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = text.find('\0');
    if ((end == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), parts[i].size() + 1));
  }
  std::array<std::int64_t, 4> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const char* const end = parts[i].data() + parts[i].size();
    const auto read = std::from_chars(parts[i].data(), end, numbers[i]);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  }
  const auto value = std::bit_cast<double>(numbers[2]);
  if (value != value) return std::nullopt;
  return Place{numbers[0], numbers[1], value, numbers[3], std::string(parts[4]), std::string(parts[5])};
}

// The first place of a list.
Place before_all() { return {std::numeric_limits<std::int64_t>::min(), 0, 0, 0, "", ""}; }

// Each point once.
void keep_first(std::vector<Metric>& points, std::size_t count_max) {
  const auto place_of = [](const Metric& point) {
    const StoredValue stored = stored_value(point.value);
    return std::tuple(point.time_ms, point.step, stored.value, stored.is_nan, std::string_view(point.model_id),
                      std::string_view(point.dataset_digest));
  };
  if (!std::ranges::is_sorted(points, {}, place_of)) std::ranges::sort(points, {}, place_of);
  const auto is_same = [&](const Metric& a, const Metric& b) { return place_of(a) == place_of(b); };
  points.erase(std::unique(points.begin(), points.end(), is_same), points.end());
  if (points.size() > count_max) points.resize(count_max);
}

// Those after `place`, one more than `limit` where there are more; 0: all.
Result<MetricHistory> read_after(Transaction& t, const RunKey& run, std::string_view key, const Place& place,
                                 std::size_t limit) {
  // The columns of kPointColumns; grouped, as a point that was logged again much later stands in another block, too.
  static const SelectIn kSelect(
      "SELECT MIN(key), value, is_nan, time, step, model_id, MIN(dataset_name), dataset_digest FROM metric_points "
      "WHERE run = $1 AND key = $2 "
      "AND (time, step, value, is_nan, model_id, dataset_digest) > ($3, $4, $5, $6, $7, $8) AND block IN ",
      " GROUP BY time, step, value, is_nan, model_id, dataset_digest "
      "ORDER BY time, step, value, is_nan, model_id, dataset_digest LIMIT $9",
      9);
  const std::size_t count_max = limit == 0 ? std::numeric_limits<std::int64_t>::max() : limit + 1;
  const SqlArguments arguments{run.number,     std::string(key),     place.time_ms,
                               place.step,     place.value,          place.is_nan,
                               place.model_id, place.dataset_digest, static_cast<std::int64_t>(count_max)};
  MetricHistory history;
  SLIPWAY_CHECK(for_each_blocks(run, [&](std::span<const SqlValue> blocks) -> Status {
    SLIPWAY_TRY(const std::vector<Row> rows, kSelect.query(t, blocks, arguments));
    for (const Row& row : rows) history.points.push_back(read_point(row, 0));
    keep_first(history.points, count_max);
    return {};
  }));
  return history;
}

}  // namespace

Result<MetricHistory> RunStore::history(Transaction& t, std::string_view id, std::string_view key, std::size_t limit,
                                        std::string_view token) const {
  SLIPWAY_TRY(const RunKey run, find_run(t, id));
  const std::string list = list_name(id, key);
  SLIPWAY_TRY(const std::string after, parse_page_token(list, token));
  const auto place = after.empty() ? before_all() : read_place(after);
  if (!place) return invalid_page_token(token);
  SLIPWAY_TRY(MetricHistory history, read_after(t, run, key, *place, limit));
  if (limit > 0 && history.points.size() > limit) {
    history.points.resize(limit);
    history.next_token = make_page_token(list, write_place(history.points.back()));
  }
  return history;
}

Result<std::vector<Metric>> RunStore::history_interval(Transaction& t, std::span<const std::string> ids,
                                                       std::string_view key, std::optional<std::int64_t> start_step,
                                                       std::optional<std::int64_t> end_step, std::size_t limit) const {
  using Limits = std::numeric_limits<std::int64_t>;
  std::vector<Metric> points;
  for (const std::string& id : ids) {
    SLIPWAY_TRY(const RunKey run, find_run(t, id));
    SLIPWAY_TRY(std::vector<ThinPoint> found,
                read_interval(t, run, key, start_step.value_or(Limits::min()), end_step.value_or(Limits::max())));
    for (const ThinPoint& point : thin(std::move(found), std::max<std::size_t>(limit, 1))) {
      Metric& metric = points.emplace_back();
      metric.key = key;
      metric.value = point.is_nan != 0 ? std::numeric_limits<double>::quiet_NaN() : point.value;
      metric.time_ms = point.time_ms;
      metric.step = point.step;
      metric.run_id = id;
    }
  }
  return points;
}

}  // namespace slipway

// Every point that was logged of one key.
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>

#include "registry/model_rows.h"
#include "registry/page.h"
#include "tracking/fold.h"
#include "tracking/point_blocks.h"
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

bool is_same_place(const Metric& a, const Metric& b) { return !is_before(a, b) && !is_before(b, a); }

std::vector<Metric> read_points(const std::vector<Row>& rows) {
  std::vector<Metric> points;
  points.reserve(rows.size());
  for (const Row& row : rows) points.push_back(read_point(row, 0));
  return points;
}

}  // namespace

Result<MetricHistory> RunStore::history(Transaction& t, std::string_view id, std::string_view key, std::size_t limit,
                                        std::string_view token) const {
  static const std::string kSql =
      "WITH RECURSIVE blocks (block) AS "
      "(SELECT CAST(0 AS BIGINT) UNION ALL SELECT block + 1 FROM blocks WHERE block < $3) " +
      select(kPointColumns,
             "FROM blocks b CROSS JOIN metric_points p WHERE p.run = $1 AND p.block = b.block AND p.key = $2 "
             "AND (time, step, value, is_nan, model_id, dataset_digest) > ($4, $5, $6, $7, $8, $9) "
             "ORDER BY time, step, value, is_nan, model_id, dataset_digest LIMIT $10");
  SLIPWAY_TRY(const RunKey run, find_run(t, id));
  const std::string list = list_name(id, key);
  SLIPWAY_TRY(const std::string after, parse_page_token(list, token));
  const auto place = after.empty() ? before_all() : read_place(after);
  if (!place) return invalid_page_token(token);
  constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();
  const std::int64_t rows_max = limit == 0 ? kNoLimit : static_cast<std::int64_t>(limit) + 1;
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query(kSql, {run.number, std::string(key), block_of(run.points), place->time_ms, place->step,
                             place->value, place->is_nan, place->model_id, place->dataset_digest, rows_max}));
  MetricHistory history{read_points(rows), ""};
  if (limit > 0 && rows.size() > limit) {
    history.points.pop_back();
    history.next_token = make_page_token(list, write_place(history.points.back()));
  }
  // A point that was logged again much later stands in another block, too.
  const auto twice = std::ranges::unique(history.points, is_same_place);
  history.points.erase(twice.begin(), twice.end());
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

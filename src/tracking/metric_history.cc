// Every point that was logged of one key.
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>

#include "registry/model_rows.h"
#include "registry/page.h"
#include "tracking/rows.h"
#include "tracking/run_key.h"
#include "tracking/run_store.h"

namespace slipway {
namespace {

// Where a page ended: the columns of the key of metric_points after (run, key).
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

std::vector<Metric> read_points(const std::vector<Row>& rows, std::string_view run_id) {
  std::vector<Metric> points;
  points.reserve(rows.size());
  for (const Row& row : rows) {
    points.push_back(read_point(row, 0));
    points.back().run_id = run_id;
  }
  return points;
}

constexpr std::string_view kInterval = "FROM metric_points WHERE run = $1 AND key = $2 AND step BETWEEN $3 AND $4";
constexpr std::string_view kByStep = " ORDER BY step, time, value, is_nan, model_id, dataset_digest";

struct Interval {
  std::int64_t run = 0;
  std::string key;
  std::int64_t start_step = 0;
  std::int64_t end_step = 0;
  SqlArguments arguments() const { return {run, key, start_step, end_step}; }
};

// Which of `count` points, by step, stand for all: those that MLflow's server picks. The points are divided into
// `limit` runs of equal length, the first `long_runs` one longer where it does not come out even; the first of each run
// is taken, but for the last run the last point of all. Precondition: limit < count.
Result<std::vector<Row>> query_thinned(Transaction& t, const Interval& interval, std::int64_t count,
                                       std::int64_t limit) {
  // $5: length of a short run. $6: points in long runs. $7: where the last run begins. $8: the last point.
  static const std::string kSql =
      select(kPointColumns, "FROM (SELECT " + std::string(kPointColumns) + ", ROW_NUMBER() OVER (" +
                                std::string(kByStep.substr(1)) + ") - 1 AS i " + std::string(kInterval) +
                                ") AS p WHERE i = $8 OR (i < $7 AND CASE WHEN i < $6 THEN i % ($5 + 1) "
                                "ELSE (i - $6) % $5 END = 0)" +
                                std::string(kByStep));
  const std::int64_t length = count / limit;
  const std::int64_t long_runs = count % limit;
  SqlArguments arguments = interval.arguments();
  arguments.insert(arguments.end(), {length, long_runs * (length + 1), count - length, count - 1});
  return t.query(kSql, arguments);
}

Result<std::vector<Row>> query_interval(Transaction& t, const Interval& interval, std::int64_t limit) {
  static const std::string kCount = "SELECT COUNT(*) " + std::string(kInterval);
  static const std::string kAll = select(kPointColumns, std::string(kInterval) + std::string(kByStep));
  SLIPWAY_TRY(const std::vector<Row> counted, t.query(kCount, interval.arguments()));
  const std::int64_t count = counted.front().integer(0);
  return count <= limit ? t.query(kAll, interval.arguments()) : query_thinned(t, interval, count, limit);
}

}  // namespace

Result<MetricHistory> RunStore::history(Transaction& t, std::string_view id, std::string_view key, std::size_t limit,
                                        std::string_view token) const {
  static const std::string kSql =
      select(kPointColumns,
             "FROM metric_points WHERE run = $1 AND key = $2 "
             "AND (time, step, value, is_nan, model_id, dataset_digest) > ($3, $4, $5, $6, $7, $8) "
             "ORDER BY time, step, value, is_nan, model_id, dataset_digest LIMIT $9");
  SLIPWAY_TRY(const RunKey run, find_run(t, id));
  const std::string list = list_name(id, key);
  SLIPWAY_TRY(const std::string after, parse_page_token(list, token));
  const auto place = after.empty() ? before_all() : read_place(after);
  if (!place) return invalid_page_token(token);
  constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();
  const std::int64_t rows_max = limit == 0 ? kNoLimit : static_cast<std::int64_t>(limit) + 1;
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query(kSql, {run.number, std::string(key), place->time_ms, place->step, place->value, place->is_nan,
                             place->model_id, place->dataset_digest, rows_max}));
  MetricHistory history{read_points(rows, id), ""};
  if (limit > 0 && history.points.size() > limit) {
    history.points.pop_back();
    history.next_token = make_page_token(list, write_place(history.points.back()));
  }
  return history;
}

Result<std::vector<Metric>> RunStore::history_interval(Transaction& t, std::span<const std::string> ids,
                                                       std::string_view key, std::optional<std::int64_t> start_step,
                                                       std::optional<std::int64_t> end_step, std::size_t limit) const {
  using Limits = std::numeric_limits<std::int64_t>;
  Interval interval{0, std::string(key), start_step.value_or(Limits::min()), end_step.value_or(Limits::max())};
  std::vector<Metric> points;
  for (const std::string& id : ids) {
    SLIPWAY_TRY(const RunKey run, find_run(t, id));
    interval.run = run.number;
    SLIPWAY_TRY(const std::vector<Row> rows,
                query_interval(t, interval, std::max<std::int64_t>(1, static_cast<std::int64_t>(limit))));
    std::ranges::move(read_points(rows, id), std::back_inserter(points));
  }
  return points;
}

}  // namespace slipway

// Reads what hangs on runs, a page of runs at a time.
#include <algorithm>
#include <unordered_map>

#include "tracking/input_tags.h"
#include "tracking/row_batch.h"
#include "tracking/rows.h"
#include "tracking/run_store.h"

namespace slipway {
namespace {

// The runs by the number that rows name them by.
class RunsByNumber {
 public:
  explicit RunsByNumber(std::span<Run> runs) {
    for (Run& run : runs) {
      if (by_number_.emplace(run.info.number, &run).second) numbers_.emplace_back(run.info.number);
    }
  }
  const std::vector<SqlValue>& numbers() const noexcept { return numbers_; }

  // `take`: (Run&, const Row&) -> Status, for each row. The first column is the run's number.
  template <typename Take>
  Status read(Transaction& t, const SelectIn& select, Take take) const {
    SLIPWAY_TRY(const std::vector<Row> rows, select.query(t, numbers_));
    Run* run = nullptr;  // rows of one run follow each other
    for (const Row& row : rows) {
      if (run == nullptr || run->info.number != row.integer(0)) run = by_number_.at(row.integer(0));
      SLIPWAY_CHECK(take(*run, row));
    }
    return {};
  }

 private:
  std::unordered_map<std::int64_t, Run*> by_number_;
  std::vector<SqlValue> numbers_;
};

Dataset read_dataset(const Row& row, std::size_t column) {
  return {row.text(column),     row.text(column + 1), row.text(column + 2),
          row.text(column + 3), row.text(column + 4), row.text(column + 5)};
}

Status load_metrics(Transaction& t, const RunsByNumber& runs) {
  static const SelectIn kSelect("SELECT run, " + std::string(kPointColumns) + " FROM latest_metrics WHERE run IN ", "");
  return runs.read(t, kSelect, [](Run& run, const Row& row) -> Status {
    run.metrics.push_back(read_point(row, 1));
    return {};
  });
}

Status load_params(Transaction& t, const RunsByNumber& runs) {
  static const SelectIn kSelect("SELECT run, key, value FROM run_params WHERE run IN ", "");
  return runs.read(t, kSelect, [](Run& run, const Row& row) -> Status {
    run.params.push_back({row.text(1), row.text(2)});
    return {};
  });
}

Status load_tags(Transaction& t, const RunsByNumber& runs) {
  static const SelectIn kSelect("SELECT run, key, value FROM run_tags WHERE run IN ", "");
  return runs.read(t, kSelect, [](Run& run, const Row& row) -> Status {
    run.tags.push_back({row.text(1), row.text(2)});
    return {};
  });
}

Status load_datasets(Transaction& t, const RunsByNumber& runs) {
  static const SelectIn kSelect(
      "SELECT i.run, d.name, d.digest, d.source_type, d.source, d.schema, d.profile, i.tags "
      "FROM run_datasets i JOIN datasets d ON d.id = i.dataset_id WHERE i.run IN ",
      " ORDER BY i.run, i.position");
  return runs.read(t, kSelect, [](Run& run, const Row& row) -> Status {
    DatasetInput& input = run.datasets.emplace_back();
    input.dataset = read_dataset(row, 1);
    SLIPWAY_TRY(input.tags, read_input_tags(row.text(7)));
    return {};
  });
}

// Here rather than in SQL: the order of text differs among databases. Most have come in this order.
template <typename T>
void sort_by_key(std::vector<T>& entries) {
  if (!std::ranges::is_sorted(entries, {}, &T::key)) std::ranges::sort(entries, {}, &T::key);
}

Status load_models(Transaction& t, const RunsByNumber& runs) {
  static const SelectIn kSelect("SELECT run, model_id, is_output, step FROM run_models WHERE run IN ",
                                " ORDER BY run, step, model_id");
  return runs.read(t, kSelect, [](Run& run, const Row& row) -> Status {
    if (row.integer(2) == 0) {
      run.input_models.push_back(row.text(1));
    } else {
      run.output_models.push_back({row.text(1), row.integer(3)});
    }
    return {};
  });
}

}  // namespace

Status RunStore::load_data(Transaction& t, std::span<Run> runs) const {
  if (runs.empty()) return {};
  const RunsByNumber by_number(runs);
  SLIPWAY_CHECK(load_metrics(t, by_number));
  SLIPWAY_CHECK(load_params(t, by_number));
  SLIPWAY_CHECK(load_tags(t, by_number));
  SLIPWAY_CHECK(load_datasets(t, by_number));
  SLIPWAY_CHECK(load_models(t, by_number));
  for (Run& run : runs) {
    sort_by_key(run.metrics);
    sort_by_key(run.params);
    sort_by_key(run.tags);
  }
  return {};
}

}  // namespace slipway

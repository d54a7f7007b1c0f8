#include "registry/model_test_metric.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/bytes.h"
#include "registry/csv.h"

namespace slipway {
namespace {

constexpr std::size_t kBatchRows = 1024;

tl::unexpected<Error> unfit(std::string message) {
  return fail(Code::kInvalidArgument, "model_tests.invalid_data", std::move(message));
}

// The CSV's columns that make up one input.
struct InputColumns {
  const TensorSpec* spec = nullptr;
  std::vector<std::size_t> columns;
};

Result<InputColumns> columns_of(const TensorSpec& spec, const ModelMetric& metric, const CsvTable& table) {
  const std::size_t rank = spec.shape.size();
  if (rank != 1 && rank != 2) {
    return unfit("input " + slipway::quoted(spec.name) + " has " + std::to_string(rank) +
                 " dimensions; a metric fills inputs of rows, or of rows and columns");
  }
  const auto listed = metric.columns.find(spec.name);
  const std::vector<std::string> names =
      listed != metric.columns.end() ? listed->second : std::vector<std::string>{spec.name};
  const std::int64_t width = rank == 1 ? 1 : spec.shape[1];
  if (width >= 0 && static_cast<std::size_t>(width) != names.size()) {
    return unfit("input " + slipway::quoted(spec.name) + " has " + std::to_string(width) +
                 " columns, the metric gives it " + std::to_string(names.size()) + "; list them under \"columns\"");
  }
  InputColumns input{&spec, {}};
  for (const std::string& name : names) {
    const auto column = table.column(name);
    if (!column)
      return unfit(slipway::quoted(metric.data) + " has no column " + slipway::quoted(name) + " for input " +
                   slipway::quoted(spec.name));
    input.columns.push_back(*column);
  }
  return input;
}

std::optional<Cell> number_of(std::string_view text) {
  const char* const end = text.data() + text.size();
  std::int64_t integer = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, integer); error == std::errc{} && at == end)
    return integer;
  std::uint64_t natural = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, natural); error == std::errc{} && at == end)
    return natural;
  double real = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, real); error == std::errc{} && at == end) return real;
  return std::nullopt;
}

// A field as an element of the type: nothing in a float is NaN, as data frames write it.
std::optional<Cell> cell_of(std::string_view text, DataType type) {
  const bool is_float =
      type == DataType::kFp16 || type == DataType::kBf16 || type == DataType::kFp32 || type == DataType::kFp64;
  if (type == DataType::kBytes) return std::string(text);
  if (type == DataType::kBool && (text == "true" || text == "True" || text == "TRUE")) return std::int64_t{1};
  if (type == DataType::kBool && (text == "false" || text == "False" || text == "FALSE")) return std::int64_t{0};
  if (is_float && text.empty()) return std::numeric_limits<double>::quiet_NaN();
  return number_of(text);
}

Result<OwnedTensor> batch_of(const InputColumns& input, const CsvTable& table, std::size_t begin, std::size_t rows) {
  std::vector<std::int64_t> shape = {static_cast<std::int64_t>(rows)};
  if (input.spec->shape.size() == 2) shape.push_back(static_cast<std::int64_t>(input.columns.size()));
  OwnedTensor tensor(input.spec->name, input.spec->type, std::move(shape));
  for (std::size_t row = begin; row < begin + rows; ++row) {
    for (const std::size_t column : input.columns) {
      const std::string_view text = table.at(row, column);
      const auto cell = cell_of(text, input.spec->type);
      if (cell && tensor.append(*cell)) continue;
      return unfit("row " + std::to_string(row + 1) + ", column " + slipway::quoted(table.columns()[column]) + ": " +
                   slipway::quoted(text) + " is no " + std::string(to_string(input.spec->type)));
    }
  }
  return tensor;
}

// The prediction of each row of a batch.
Status append_predictions(const ModelMetric& metric, const std::vector<OwnedTensor>& outputs, std::size_t rows,
                          std::vector<Cell>& out) {
  const auto found = std::find_if(outputs.begin(), outputs.end(),
                                  [&](const OwnedTensor& output) { return output.name() == metric.output; });
  if (found == outputs.end()) return unfit("the model has no output " + slipway::quoted(metric.output));
  const TensorView output = found->view();
  const std::size_t width = element_count(output) / rows;
  if (width == 0 || width * rows != element_count(output)) {
    return unfit("output " + slipway::quoted(metric.output) + " has " + std::to_string(element_count(output)) +
                 " elements for " + std::to_string(rows) + " rows");
  }
  if (!metric.column && width > 2) {
    return unfit("output " + slipway::quoted(metric.output) + " has " + std::to_string(width) +
                 " columns; name one under \"column\"");
  }
  const std::size_t column = metric.column.value_or(width - 1);
  if (column >= width)
    return unfit("column: " + std::to_string(column) + "; output " + slipway::quoted(metric.output) + " has " +
                 std::to_string(width));
  for (std::size_t row = 0; row < rows; ++row) out.push_back(cell_at(output, row * width + column));
  return {};
}

// The rows of one run: what the model fixes, or a batch.
Result<std::size_t> batch_rows(const std::vector<TensorSpec>& inputs, std::size_t row_count) {
  for (const TensorSpec& spec : inputs) {
    if (spec.shape.empty() || spec.shape[0] <= 0) continue;
    const auto rows = static_cast<std::size_t>(spec.shape[0]);
    if (row_count % rows == 0) return rows;
    return unfit("the model takes " + std::to_string(rows) + " rows at a time; the file has " +
                 std::to_string(row_count));
  }
  return kBatchRows;
}

}  // namespace

Result<MetricValue> evaluate_metric(const ModelMetric& metric, const ModelUnderTest& model) {
  SLIPWAY_TRY(std::string text, model.read_file(metric.data));
  SLIPWAY_TRY(const CsvTable table, CsvTable::parse(std::move(text)));
  const auto label = table.column(metric.label);
  if (!label)
    return unfit(slipway::quoted(metric.data) + " has no column " + slipway::quoted(metric.label) + " for the label");
  std::vector<InputColumns> inputs;
  for (const TensorSpec& spec : model.inputs) {
    SLIPWAY_TRY(inputs.emplace_back(), columns_of(spec, metric, table));
  }
  SLIPWAY_TRY(const std::size_t rows_a_batch, batch_rows(model.inputs, table.row_count()));

  std::vector<Cell> labels;
  std::vector<Cell> predictions;
  for (std::size_t row = 0; row < table.row_count(); ++row) labels.emplace_back(std::string(table.at(row, *label)));
  for (std::size_t begin = 0; begin < table.row_count(); begin += rows_a_batch) {
    const std::size_t rows = std::min(rows_a_batch, table.row_count() - begin);
    std::vector<OwnedTensor> batch;
    for (const InputColumns& input : inputs) {
      SLIPWAY_TRY(batch.emplace_back(), batch_of(input, table, begin, rows));
    }
    std::vector<TensorView> views;
    for (const OwnedTensor& tensor : batch) views.push_back(tensor.view());
    SLIPWAY_TRY(const std::vector<OwnedTensor> outputs, model.run(views));
    SLIPWAY_CHECK(append_predictions(metric, outputs, rows, predictions));
  }
  SLIPWAY_TRY(const double value, measure(metric.metric, labels, predictions, metric.positive));
  return MetricValue{value, table.row_count()};
}

}  // namespace slipway

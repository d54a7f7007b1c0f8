#include "data/bind.h"

#include <algorithm>

#include "base/bytes.h"
#include "data/input_layout.h"
#include "data/intervals.h"
#include "data/program.h"

namespace slipway {
namespace {

struct BoundInput {
  InputLayout layout;
  std::unique_ptr<DenseRules> dense;  // nullptr for BYTES
};

struct Matched {
  const TensorView* tensor = nullptr;
  std::size_t count = 0;
  std::size_t rows = 0;
};

Result<Matched> match_shape(const BoundInput& input, const TensorView& tensor) {
  const TensorSpec& spec = input.layout.spec;
  if (tensor.type != spec.type) {
    return fail(Code::kInvalidArgument, "contract.type_mismatch",
                "input " + quoted(spec.name) + " is " + std::string(to_string(tensor.type)) + "; the model takes " +
                    std::string(to_string(spec.type)));
  }
  bool fits = tensor.shape.size() == spec.shape.size();
  for (std::size_t i = 0; fits && i < spec.shape.size(); ++i) {
    fits = tensor.shape[i] >= 0 && (spec.shape[i] < 0 || spec.shape[i] == tensor.shape[i]);
  }
  if (!fits) {
    std::string message = "input " + quoted(spec.name) + " has the shape [";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      message += (i == 0 ? "" : ", ") + std::to_string(tensor.shape[i]);
    message += "]; the model takes [";
    for (std::size_t i = 0; i < spec.shape.size(); ++i) message += (i == 0 ? "" : ", ") + std::to_string(spec.shape[i]);
    return fail(Code::kInvalidArgument, "contract.bad_shape", message + "], where -1 is any number");
  }
  SLIPWAY_TRY(const std::size_t count, element_count(tensor.shape));
  const bool is_text = tensor.type == DataType::kBytes;
  const std::size_t held = is_text ? tensor.strings.size() : tensor.data.size() / element_size(tensor.type);
  if (held != count || (!is_text && tensor.data.size() % element_size(tensor.type) != 0)) {
    return fail(Code::kInvalidArgument, "contract.bad_shape",
                "input " + quoted(spec.name) + " holds " + std::to_string(held) + " values; its shape has " +
                    std::to_string(count));
  }
  const std::size_t rows = tensor.shape.empty() ? 1 : static_cast<std::size_t>(tensor.shape[0]);
  return Matched{&tensor, count, rows};
}

ColumnView view_of(const InputLayout& layout, const Matched& matched, std::size_t column) {
  const TensorView& tensor = *matched.tensor;
  const std::size_t size = tensor.type == DataType::kBytes ? sizeof(std::string_view) : element_size(tensor.type);
  const std::size_t offset = column - layout.first_column;
  const std::byte* first =
      tensor.type == DataType::kBytes ? reinterpret_cast<const std::byte*>(tensor.strings.data()) : tensor.data.data();
  if (first != nullptr) first += offset * size;
  ColumnView view;
  view.type = tensor.type;
  (tensor.type == DataType::kBytes ? view.strings : view.base) = first;
  view.stride_bytes = size * layout.columns;
  view.count = layout.is_whole ? matched.count : matched.rows;
  view.values_per_row =
      layout.is_whole && matched.rows > 0 ? std::max<std::size_t>(matched.count / matched.rows, 1) : 1;
  return view;
}

// Requests name few inputs, mostly in the model's order.
const TensorView* find_tensor(std::span<const TensorView> tensors, std::string_view name, std::size_t expected) {
  if (expected < tensors.size() && tensors[expected].name == name) return &tensors[expected];
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const TensorView& tensor) { return tensor.name == name; });
  return found != tensors.end() ? &*found : nullptr;
}

// Values of one row that can be named one by one; 0: they cannot.
std::size_t columns_of(const TensorSpec& spec) {
  if (spec.shape.size() <= 1) return 1;
  return spec.shape.size() == 2 && spec.shape[1] > 0 ? static_cast<std::size_t>(spec.shape[1]) : 0;
}

std::string indexed(const std::string& input, std::size_t column) { return input + "[" + std::to_string(column) + "]"; }

}  // namespace

struct BoundContract::State {
  Program program;
  std::vector<BoundInput> inputs;
  std::vector<std::uint32_t> input_of_column;
  std::vector<const ColumnCheck*> other_checks;  // what the dense passes do not answer
  bool has_batch_rules = false;

  Result<Matched> match(std::span<const TensorView> tensors, std::size_t input) const {
    const std::string& name = inputs[input].layout.spec.name;
    const TensorView* tensor = find_tensor(tensors, name, input);
    if (tensor != nullptr) return match_shape(inputs[input], *tensor);
    std::string message = "the request has no input " + quoted(std::string_view(name));
    for (std::size_t i = 0; i < tensors.size(); ++i) message += (i == 0 ? "; it has " : ", ") + quoted(tensors[i].name);
    return fail(Code::kInvalidArgument, "contract.missing_input", std::move(message));
  }

  ColumnView view(std::span<const Matched> matched, std::size_t column) const {
    const std::uint32_t input = input_of_column[column];
    return view_of(inputs[input].layout, matched[input], column);
  }

  bool passes(std::span<const Matched> matched) const {
    for (const ColumnCheck* check : other_checks) {
      const ColumnView column = view(matched, check->column);
      const std::size_t failures = check->rule->count_failures(column);
      if (check->limit ? !check->limit->accepts(failures, column.count) : failures != 0) return false;
    }
    return !has_batch_rules || passes_batch(program, views(matched));
  }

  std::vector<ColumnView> views(std::span<const Matched> matched) const {
    std::vector<ColumnView> all;
    for (std::size_t column = 0; column < input_of_column.size(); ++column) all.push_back(view(matched, column));
    return all;
  }
};

Result<BoundContract> BoundContract::bind(const Contract& contract, std::span<const TensorSpec> inputs) {
  SLIPWAY_TRY(const ContractObject* object, contract.model_object());
  SLIPWAY_TRY(Layout layout, lay_out(*object, inputs));
  auto state = std::make_shared<State>();
  SLIPWAY_TRY(state->program, compile_program(*object, layout.columns, Environment::kServe));
  for (InputLayout& input : layout.inputs) {
    std::vector<const CompiledRule*> intervals;
    for (const ColumnCheck& check : state->program.checks) {
      const bool is_here = check.column >= input.first_column && check.column < input.first_column + input.columns;
      if (is_here && check.is_interval) intervals.push_back(check.rule.get());
    }
    state->input_of_column.insert(state->input_of_column.end(), input.columns,
                                  static_cast<std::uint32_t>(state->inputs.size()));
    std::unique_ptr<DenseRules> dense = intervals.empty() ? nullptr : make_dense_rules(input.spec.type, intervals);
    state->inputs.push_back({std::move(input), std::move(dense)});
  }
  for (const ColumnCheck& check : state->program.checks) {
    if (!check.is_interval) state->other_checks.push_back(&check);
  }
  state->has_batch_rules = !state->program.duplicates.empty() || !state->program.row_counts.empty();
  return BoundContract(std::move(state));
}

std::span<const std::string> BoundContract::unchecked_rules() const noexcept { return state_->program.unchecked; }

Result<Warnings> BoundContract::enforce(std::span<const TensorView> tensors, std::size_t limit) const {
  constexpr std::size_t kInlineMax = 16;
  const State& state = *state_;
  const std::size_t inputs = state.inputs.size();
  Matched few[kInlineMax];
  std::vector<Matched> many(inputs > kInlineMax ? inputs : 0);
  const std::span<Matched> matched = inputs > kInlineMax ? std::span(many) : std::span(few, inputs);

  bool is_good = true;
  for (std::size_t i = 0; i < inputs; ++i) {
    SLIPWAY_TRY(matched[i], state.match(tensors, i));
    const BoundInput& input = state.inputs[i];
    is_good =
        is_good && (input.dense == nullptr || input.dense->passes(matched[i].tensor->data.data(), matched[i].count));
  }
  if (tensors.size() != inputs) {
    return fail(
        Code::kInvalidArgument, "contract.unknown_input",
        "the request has " + std::to_string(tensors.size()) + " inputs; the model takes " + std::to_string(inputs));
  }
  if (is_good && state.passes(matched)) [[likely]]
    return Warnings{};

  Report report = explain(state.program, state.views(matched), limit);
  if (!report.is_accepted()) return fail(violation_error(report));
  return Warnings{std::move(report.violations), report.warnings_total};
}

std::optional<BoundColumn> BoundContract::find_column(std::string_view name) const {
  const std::vector<ColumnSpec>& columns = state_->program.columns;
  for (const BoundInput& bound : state_->inputs) {
    const InputLayout& input = bound.layout;
    BoundColumn found{input.spec.name, input.spec.type, 0, columns_of(input.spec)};
    if (found.values_per_row == 0) continue;
    for (std::size_t offset = 0; offset < found.values_per_row; ++offset) {
      const std::size_t column = input.first_column + offset;
      const bool is_field = (!input.is_whole || found.values_per_row == 1) && columns[column].name == name;
      found.offset = offset;
      if (is_field || indexed(input.spec.name, offset) == name) return found;
    }
    found.offset = 0;
    if (found.values_per_row == 1 && input.spec.name == name) return found;
  }
  return std::nullopt;
}

std::vector<std::string> BoundContract::column_names() const {
  std::vector<std::string> names;
  for (const BoundInput& bound : state_->inputs) {
    const InputLayout& input = bound.layout;
    const std::size_t width = columns_of(input.spec);
    if (width == 0) continue;
    if (!input.is_whole || width == 1) {
      for (std::size_t i = 0; i < input.columns; ++i) {
        names.push_back(state_->program.columns[input.first_column + i].name);
      }
    } else {
      names.push_back(indexed(input.spec.name, 0));
      names.push_back(indexed(input.spec.name, width - 1));
    }
  }
  return names;
}

Error violation_error(const Report& report) {
  constexpr std::size_t kSpelledMax = 3;
  Error error{Code::kInvalidArgument, "contract.violation", {}, {}};
  error.message = std::to_string(report.errors_total) +
                  (report.errors_total == 1 ? " value breaks the contract: " : " values break the contract: ");
  std::size_t spelled = 0;
  for (const Violation& violation : report.violations) {
    if (violation.severity != Severity::kError) continue;
    error.details.push_back({violation.field, violation.row, violation.found, violation.rule});
    if (spelled++ >= kSpelledMax) continue;
    error.message += (spelled > 1 ? "; " : "") + violation.field;
    if (violation.row >= 0) error.message += " in row " + std::to_string(violation.row);
    error.message += " is " + violation.found + ", accepted: " + violation.rule;
  }
  if (report.errors_total > kSpelledMax) error.message += "; …";
  return error;
}

}  // namespace slipway

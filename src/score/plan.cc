#include "score/plan.h"

#include <algorithm>

#include "base/bytes.h"
#include "data/nearest.h"

namespace slipway::score {
namespace {

constexpr std::size_t kColumnsShownMax = 20;
constexpr std::size_t kInputColumnsMax = 1 << 16;

using Names = std::vector<std::string>;

std::string list_text(std::span<const std::string> names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kColumnsShownMax; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kColumnsShownMax) text += ", … (" + std::to_string(names.size()) + " in all)";
  return text.empty() ? "no columns" : text;
}

class Planner {
 public:
  Planner(const ScoredModel& model, const PlanRequest& request) : model_(model), request_(request) {
    if (request.contract == nullptr) return;
    for (const std::string& name : request.contract->column_names()) {
      if (const auto found = request.contract->find_column(name)) contracted_.emplace_back(name, *found);
    }
  }

  Result<Plan> make() {
    for (const TensorSpec& spec : model_.inputs) {
      plan_.inputs.push_back({row_tensor(spec, model_.is_batched), {}, false});
    }
    for (const TensorSpec& spec : model_.outputs) plan_.outputs.push_back(row_tensor(spec, model_.is_batched));
    if (request_.file_columns.empty()) return std::move(plan_);
    for (const InputMapping& mapping : request_.mappings) SLIPWAY_CHECK(check_mapping(mapping));
    for (InputPlan& input : plan_.inputs) SLIPWAY_CHECK(plan_input(input));
    SLIPWAY_CHECK(plan_kept());
    return std::move(plan_);
  }

 private:
  std::optional<std::size_t> find(std::string_view name) const {
    const auto found = std::find(request_.file_columns.begin(), request_.file_columns.end(), name);
    if (found == request_.file_columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - request_.file_columns.begin());
  }

  tl::unexpected<Error> missing(const std::string& what, std::string_view name) const {
    std::string message = what + "; the file has " + list_text(request_.file_columns);
    const std::vector<std::string_view> candidates(request_.file_columns.begin(), request_.file_columns.end());
    const std::string_view meant = nearest(name, candidates);
    if (!meant.empty()) message += "; did you mean " + slipway::quoted(meant) + "?";
    return fail(Code::kInvalidArgument, "score.missing_column", std::move(message));
  }

  Status check_mapping(const InputMapping& mapping) const {
    Names inputs;
    for (const TensorSpec& spec : model_.inputs) inputs.push_back(spec.name);
    if (std::find(inputs.begin(), inputs.end(), mapping.input) == inputs.end()) {
      return fail(Code::kInvalidArgument, "score.bad_mapping",
                  "the model has no input " + slipway::quoted(mapping.input) + "; it has " + list_text(inputs));
    }
    for (const std::string& column : mapping.columns) {
      if (!find(column)) {
        return missing(
            "there is no column " + slipway::quoted(column) + " for the input " + slipway::quoted(mapping.input),
            column);
      }
    }
    return {};
  }

  // The place of a file's column in the plan; one that is needed twice is read once.
  std::size_t use(std::size_t file_column) {
    const auto found = std::find(plan_.file_columns.begin(), plan_.file_columns.end(), file_column);
    if (found != plan_.file_columns.end()) return static_cast<std::size_t>(found - plan_.file_columns.begin());
    plan_.file_columns.push_back(file_column);
    plan_.columns.push_back(request_.file_columns[file_column]);
    return plan_.columns.size() - 1;
  }

  // Precondition: all are there.
  void take(InputPlan& input, const Names& names) {
    for (const std::string& name : names) input.columns.push_back(use(*find(name)));
  }

  bool has_all(const Names& names) const {
    return !names.empty() && std::all_of(names.begin(), names.end(), [&](const auto& name) { return find(name); });
  }

  // As the contract names them; empty unless it names each.
  Names contract_names(const InputPlan& input, std::size_t count) const {
    Names names(count);
    for (const auto& [name, column] : contracted_) {
      if (column.input == input.tensor.spec.name && column.offset < count) names[column.offset] = name;
    }
    const bool is_complete = std::none_of(names.begin(), names.end(), [](const auto& name) { return name.empty(); });
    return is_complete ? names : Names();
  }

  static Names numbered_names(const std::string& input, std::size_t count, std::string_view before,
                              std::string_view behind) {
    Names names;
    for (std::size_t i = 0; i < count; ++i) {
      names.push_back(input + std::string(before) + std::to_string(i) + std::string(behind));
    }
    return names;
  }

  Status plan_input(InputPlan& input) {
    const std::string& name = input.tensor.spec.name;
    const std::optional<std::size_t> count = input.tensor.value_count();
    for (const InputMapping& mapping : request_.mappings) {
      if (mapping.input == name) return plan_mapped(input, mapping);
    }
    if (!count || *count > kInputColumnsMax) return plan_list(input, "");
    const Names by_contract = contract_names(input, *count);
    if (has_all(by_contract)) {
      take(input, by_contract);
      return {};
    }
    if (*count == 1) {
      if (find(name)) {
        take(input, {name});
        return {};
      }
      return missing_names(input, by_contract.empty() ? Names{name} : by_contract);
    }
    for (const Names& names : {numbered_names(name, *count, "[", "]"), numbered_names(name, *count, "_", "")}) {
      if (!has_all(names)) continue;
      take(input, names);
      return {};
    }
    if (find(name)) return plan_list(input, name);
    if (!by_contract.empty()) return missing_names(input, by_contract);
    return missing("the input " + slipway::quoted(name) + " takes " + std::to_string(*count) +
                       " values a row and nothing says which columns they are: give --input " + name + "=COLUMN,…",
                   name);
  }

  Status missing_names(const InputPlan& input, const Names& names) const {
    Names lacking;
    std::copy_if(names.begin(), names.end(), std::back_inserter(lacking),
                 [&](const auto& name) { return !find(name); });
    const std::string column =
        lacking.size() == 1 ? "is no column " + slipway::quoted(lacking[0]) : "are no columns " + list_text(lacking);
    return missing("there " + column + " for the input " + slipway::quoted(input.tensor.spec.name), lacking[0]);
  }

  Status plan_mapped(InputPlan& input, const InputMapping& mapping) {
    const std::optional<std::size_t> count = input.tensor.value_count();
    if (mapping.columns.size() == 1 && count != std::size_t{1}) return plan_list(input, mapping.columns[0]);
    if (mapping.columns.size() != count) {
      return fail(Code::kInvalidArgument, "score.bad_mapping",
                  "--input " + mapping.input + " names " + std::to_string(mapping.columns.size()) +
                      " columns; the input takes " + (count ? std::to_string(*count) : "a list of any length") +
                      (count ? " values a row" : " from one column"));
    }
    take(input, mapping.columns);
    return {};
  }

  // `name`: "" for the input's own.
  Status plan_list(InputPlan& input, std::string_view name) {
    const std::string column(name.empty() ? std::string_view(input.tensor.spec.name) : name);
    if (!find(column)) return missing_names(input, {column});
    if (!request_.holds_lists) {
      return fail(Code::kInvalidArgument, "score.bad_mapping",
                  "the input " + slipway::quoted(input.tensor.spec.name) +
                      " takes several values a row, and a field of a CSV file holds one: give a column for each, "
                      "or a file of JSON lines or Parquet with a column of lists");
    }
    take(input, {column});
    input.is_list = true;
    return {};
  }

  Status plan_kept() {
    const bool is_all = request_.keep == Names{"*"};
    const Names names = is_all ? Names(request_.file_columns.begin(), request_.file_columns.end()) : request_.keep;
    for (const std::string& name : names) {
      const auto column = find(name);
      if (!column) return missing("there is no column " + slipway::quoted(name) + " to keep", name);
      const auto is_it = [&](const auto& other) { return other.name == name; };
      if (std::any_of(plan_.kept.begin(), plan_.kept.end(), is_it)) continue;
      if (std::any_of(plan_.outputs.begin(), plan_.outputs.end(),
                      [&](const RowTensor& output) { return output.spec.name == name; })) {
        return fail(
            Code::kInvalidArgument, "score.kept_twice",
            "the column " + slipway::quoted(name) + " cannot be kept: an output of the model has the same name");
      }
      plan_.kept.push_back({name, use(*column)});
    }
    return {};
  }

  const ScoredModel& model_;
  const PlanRequest& request_;
  std::vector<std::pair<std::string, BoundColumn>> contracted_;
  Plan plan_;
};

}  // namespace

std::optional<std::size_t> RowTensor::value_count() const noexcept {
  std::size_t count = 1;
  for (const std::int64_t dimension : row_shape) {
    if (dimension < 0) return std::nullopt;
    count *= static_cast<std::size_t>(dimension);
  }
  return count;
}

RowTensor row_tensor(const TensorSpec& spec, bool is_batched) {
  RowTensor tensor{spec, is_batched, spec.shape};
  // Of a model without a batch axis, a first dimension that can be 1 is a batch of one row.
  if (!is_batched) tensor.has_row_axis = !spec.shape.empty() && (spec.shape[0] == 1 || spec.shape[0] == -1);
  if (tensor.has_row_axis && !tensor.row_shape.empty()) tensor.row_shape.erase(tensor.row_shape.begin());
  return tensor;
}

Result<InputMapping> parse_input_mapping(std::string_view text) {
  const std::size_t equals = text.find('=');
  InputMapping mapping{std::string(text.substr(0, equals)), {}};
  for (std::string_view left = equals == text.npos ? "" : text.substr(equals + 1); !left.empty();) {
    const std::size_t comma = std::min(left.find(','), left.size());
    mapping.columns.emplace_back(left.substr(0, comma));
    left.remove_prefix(std::min(comma + 1, left.size()));
  }
  if (mapping.input.empty() || mapping.columns.empty()) {
    return fail(Code::kInvalidArgument, "score.bad_mapping", slipway::quoted(text) + " is not NAME=COLUMN,COLUMN,…");
  }
  return mapping;
}

Result<Plan> make_plan(const ScoredModel& model, const PlanRequest& request) { return Planner(model, request).make(); }

}  // namespace slipway::score

#include "data/input_layout.h"

#include <algorithm>

#include "base/bytes.h"
#include "data/nearest.h"

namespace slipway {
namespace {

// A width beyond this is an image or a sequence, not a list of features.
constexpr std::size_t kColumnsMax = 1 << 16;

tl::unexpected<Error> refuse(std::string_view reason, const ContractField& field, const std::string& message) {
  return fail(Code::kInvalidArgument, reason, "field " + quoted(field.name) + ": " + message);
}

std::string shape_text(const TensorSpec& spec) {
  std::string text = "[";
  for (std::size_t i = 0; i < spec.shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(spec.shape[i]);
  return text + "]";
}

// Columns of an input whose second dimension is fixed; 1 for one value a row; 0 if there are no columns to name.
std::size_t width(const TensorSpec& spec) {
  if (spec.shape.size() <= 1) return 1;
  if (spec.shape.size() != 2 || spec.shape[1] < 1) return 0;
  return static_cast<std::size_t>(spec.shape[1]);
}

// The values of a row that a whole input holds; 0 if only the request knows.
std::size_t values_per_row(const TensorSpec& spec) {
  std::size_t product = 1;
  for (std::size_t i = 1; i < spec.shape.size(); ++i) {
    if (spec.shape[i] < 0) return 0;
    product *= static_cast<std::size_t>(spec.shape[i]);
  }
  return product;
}

class InputClaims {
 public:
  explicit InputClaims(const TensorSpec& spec) : spec_(spec) {}

  Status claim(const ContractField& field) {
    if (!field.column || (*field.column == 0 && width(spec_) == 1)) return claim_whole(field);
    const std::size_t columns = width(spec_);
    if (columns == 0 || columns > kColumnsMax) {
      return refuse("contract.bad_column", field,
                    "the input " + quoted(spec_.name) + " has the shape " + shape_text(spec_) +
                        "; a column needs a shape [rows, columns] with a fixed number of columns");
    }
    if (*field.column >= columns) {
      return refuse("contract.bad_column", field,
                    "column " + std::to_string(*field.column) + " of " + quoted(spec_.name) +
                        "; its columns are 0 to " + std::to_string(columns - 1));
    }
    if (whole_ != nullptr) return taken(field, *whole_);
    columns_.resize(columns);
    if (columns_[*field.column] != nullptr) return taken(field, *columns_[*field.column]);
    columns_[*field.column] = &field;
    return {};
  }

  void append_to(Layout& layout) const {
    InputLayout input{spec_, layout.columns.size(), std::max<std::size_t>(columns_.size(), 1), columns_.empty()};
    if (columns_.empty()) {
      layout.columns.push_back(
          {{whole_ != nullptr ? whole_->name : spec_.name, spec_.type, values_per_row(spec_)}, whole_});
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string name = columns_[i] != nullptr ? columns_[i]->name : spec_.name + "[" + std::to_string(i) + "]";
      layout.columns.push_back({{name, spec_.type, 1}, columns_[i]});
    }
    layout.inputs.push_back(std::move(input));
  }

 private:
  Status claim_whole(const ContractField& field) {
    if (whole_ != nullptr) return taken(field, *whole_);
    for (const ContractField* other : columns_) {
      if (other != nullptr) return taken(field, *other);
    }
    whole_ = &field;
    return {};
  }

  Status taken(const ContractField& field, const ContractField& by) const {
    return refuse("contract.bad_column", field,
                  "the field " + quoted(by.name) + " already describes the same values of " + quoted(spec_.name));
  }

  const TensorSpec& spec_;
  const ContractField* whole_ = nullptr;
  std::vector<const ContractField*> columns_;
};

Status check_width(const ContractObject& object, const TensorSpec& spec) {
  const auto fields = static_cast<std::size_t>(std::count_if(
      object.fields.begin(), object.fields.end(),
      [&](const ContractField& field) { return field.environments.in_serve && field.tensor == spec.name; }));
  if (fields == width(spec)) return {};
  return fail(Code::kInvalidArgument, "contract.bad_column",
              "the schema " + quoted(object.name) + " lists " + std::to_string(fields) +
                  " properties as the columns of " + quoted(spec.name) + ", which has the shape " + shape_text(spec));
}

}  // namespace

Result<Layout> lay_out(const ContractObject& object, std::span<const TensorSpec> inputs) {
  std::vector<InputClaims> claims(inputs.begin(), inputs.end());
  std::vector<std::string_view> names;
  for (const TensorSpec& spec : inputs) names.push_back(spec.name);
  for (const ContractField& field : object.fields) {
    if (!field.environments.in_serve) continue;
    const auto found = std::find(names.begin(), names.end(), field.tensor);
    if (found == names.end()) {
      std::string message = "the model has no input " + quoted(field.tensor) + "; its inputs are";
      for (const std::string_view name : names) message += " " + quoted(name);
      const std::string_view meant = nearest(field.tensor, names);
      if (!meant.empty()) message += "; did you mean " + quoted(meant) + "?";
      return refuse("contract.missing_input", field, message);
    }
    SLIPWAY_CHECK(claims[static_cast<std::size_t>(found - names.begin())].claim(field));
  }
  Layout layout;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].name == object.tensor) SLIPWAY_CHECK(check_width(object, inputs[i]));
    claims[i].append_to(layout);
  }
  layout.unclaimed.reserve(layout.columns.size());  // columns point into it
  for (ContractedColumn& column : layout.columns) {
    if (column.field != nullptr) continue;
    ContractField& field = layout.unclaimed.emplace_back();
    field.name = column.spec.name;
    field.accepts_nan = object.accepts_nan;
    field.accepts_infinity = object.accepts_infinity;
    column.field = &field;
  }
  return layout;
}

}  // namespace slipway

#include "data/compiled.h"

#include <algorithm>

#include "base/bytes.h"
#include "data/nearest.h"
#include "data/program.h"

namespace slipway {

Result<CompiledContract> CompiledContract::compile(const Contract& contract, std::span<const ColumnSpec> columns,
                                                   Environment environment) {
  SLIPWAY_TRY(const ContractObject* object, contract.model_object());
  std::vector<ContractedColumn> contracted;
  std::vector<std::string_view> names;
  for (const ColumnSpec& spec : columns) {
    contracted.push_back({spec, nullptr});
    names.push_back(spec.name);
  }
  for (const ContractField& field : object->fields) {
    if (!field.environments.contains(environment)) continue;
    const auto found = std::find(names.begin(), names.end(), field.name);
    if (found == names.end()) {
      const std::string_view meant = nearest(field.name, names);
      return fail(Code::kInvalidArgument, "contract.missing_field",
                  "the contract's field " + quoted(field.name) + " has no column of that name" +
                      (meant.empty() ? std::string() : "; the nearest is " + quoted(meant)));
    }
    contracted[static_cast<std::size_t>(found - names.begin())].field = &field;
  }
  SLIPWAY_TRY(Program program, compile_program(*object, std::move(contracted), environment));
  return CompiledContract(std::make_shared<const Program>(std::move(program)));
}

bool CompiledContract::passes(std::span<const ColumnView> columns) const { return slipway::passes(*program_, columns); }

Report CompiledContract::check(std::span<const ColumnView> columns, std::size_t limit) const {
  if (slipway::passes(*program_, columns)) return {};
  return explain(*program_, columns, limit);
}

}  // namespace slipway

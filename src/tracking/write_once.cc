#include "tracking/write_once.h"

#include <algorithm>

#include "tracking/limits.h"

namespace slipway {
namespace {

// `kept`: (key, value) as they stand in SQL.
Status check_unchanged(const std::vector<Row>& kept, std::string_view key, std::string_view value,
                       std::string_view owner_label) {
  const auto found = std::ranges::find(kept, key, [](const Row& row) -> std::string_view { return row.text(0); });
  if (found == kept.end() || found->text(1) == value) return {};
  std::string message = "Changing param values is not allowed. Param with key='";
  message.append(key).append("' was already logged with value='").append(found->text(1)).append("' for ");
  message.append(owner_label).append(". Attempted logging new value '").append(value).append("'.");
  return fail(Code::kInvalidArgument, "param.changed", std::move(message));
}

}  // namespace

WriteOnceParams::WriteOnceParams(std::string_view table, std::string_view owner_column)
    : insert_("INSERT INTO " + std::string(table) + " (" + std::string(owner_column) + ", key, value) VALUES ", 1, 2,
              " ON CONFLICT (" + std::string(owner_column) + ", key) DO NOTHING"),
      select_("SELECT key, value FROM " + std::string(table) + " WHERE " + std::string(owner_column) + " = $1") {}

Status WriteOnceParams::put(Transaction& t, const SqlValue& owner, std::string_view owner_label,
                            std::span<const KeyValue> params) const {
  std::vector<SqlValue> values;
  values.reserve(2 * params.size());
  for (const KeyValue& param : params) {
    values.emplace_back(param.key);
    values.emplace_back(std::string(cut(param.value, kParamValueCharactersMax)));
  }
  SLIPWAY_TRY(const std::int64_t added, insert_.count(t, {owner}, std::move(values)));
  if (added == static_cast<std::int64_t>(params.size())) return {};
  SLIPWAY_TRY(const std::vector<Row> kept, t.query(select_, {owner}));
  for (const KeyValue& param : params) {
    SLIPWAY_CHECK(check_unchanged(kept, param.key, cut(param.value, kParamValueCharactersMax), owner_label));
  }
  return {};
}

}  // namespace slipway

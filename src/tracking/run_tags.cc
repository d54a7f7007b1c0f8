#include "tracking/run_tags.h"

#include "tracking/fold.h"
#include "tracking/limits.h"
#include "tracking/row_batch.h"

namespace slipway {

std::string run_name_of(std::span<const KeyValue> tags) {
  std::string name;
  for (const KeyValue& tag : tags) {
    if (tag.key == kRunNameTag && !tag.value.empty()) name = tag.value;
  }
  return name;
}

std::vector<KeyValue> settled_tags(std::span<const KeyValue> tags) {
  const std::string name = run_name_of(tags);
  std::vector<KeyValue> settled;
  for (const KeyValue* tag : last_of_each(tags)) {
    const std::string& value = tag->key == kRunNameTag ? name : tag->value;
    if (tag->key == kRunNameTag && name.empty()) continue;
    settled.push_back({tag->key, std::string(cut(value, kRunTagValueCharactersMax))});
  }
  return settled;
}

Status put_run_tags(Transaction& t, std::int64_t run, std::span<const KeyValue> tags) {
  static const InsertRows kInsert("INSERT INTO run_tags (run, key, value) VALUES ", 1, 2,
                                  " ON CONFLICT (run, key) DO UPDATE SET value = excluded.value");
  std::vector<SqlValue> values;
  values.reserve(2 * tags.size());
  for (const KeyValue& tag : tags) {
    values.emplace_back(tag.key);
    values.emplace_back(tag.value);
  }
  SLIPWAY_CHECK(kInsert.put(t, {run}, std::move(values)));
  return {};
}

}  // namespace slipway

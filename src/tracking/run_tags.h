// Tags of a run: one of them is its name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sql.h"
#include "tracking/tracking.h"

namespace slipway {

constexpr std::string_view kRunNameTag = "mlflow.runName";

// The last one that is not empty; "" where there is none.
std::string run_name_of(std::span<const KeyValue> tags);

// As they are kept: the last of each key, by key, values cut to their limit. A run's name is never empty.
std::vector<KeyValue> settled_tags(std::span<const KeyValue> tags);

// Sets tags of a run. Precondition: `tags` are settled.
Status put_run_tags(Transaction& t, std::int64_t run, std::span<const KeyValue> tags);

}  // namespace slipway

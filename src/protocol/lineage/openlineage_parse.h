// OpenLineage events (spec 2-0-2) out of JSON: what the spec requires is required, with the path of what is wrong
// ("inputs[2].namespace: …"); members that it does not know are left alone, since a later spec may.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "lineage/openlineage.h"

namespace slipway {

constexpr std::size_t kOpenLineageEventBytesMax = 4 << 20;
constexpr std::size_t kOpenLineageBatchBytesMax = 16 << 20;
constexpr std::size_t kOpenLineageBatchEventsMax = 1'000;
constexpr std::size_t kOpenLineageDatasetsMax = 1'000;  // inputs, and outputs, of an event
constexpr std::size_t kOpenLineageFacetsMax = 100;      // of each kind at each place
constexpr std::size_t kOpenLineageFacetBytesMax = 256 << 10;

// invalid_argument "lineage.invalid_event".
Result<OpenLineageEvent> parse_openlineage_event(std::string_view json);

// An array; each event by itself, so that a bad one does not spoil the others. An error where it is no array, or too
// long.
Result<std::vector<Result<OpenLineageEvent>>> parse_openlineage_batch(std::string_view json);

}  // namespace slipway

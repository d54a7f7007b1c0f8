// What tracking lets clients search: runs, experiments, logged models.
#pragma once

#include "tracking/search_entity.h"

namespace slipway {

// Rows of runs r; the columns of rows.h.
const SearchEntity& run_search_entity();
// Rows of experiments e.
const SearchEntity& experiment_search_entity();
// Rows of logged_models m. Its metrics are the newest of each key; see logged_model_metrics() for those of some data
// sets only.
const SearchEntity& logged_model_search_entity();

// The metrics of logged models that meet a condition over m: "m.dataset_name = $1".
SearchGroup logged_model_metrics(const std::string& condition);

}  // namespace slipway

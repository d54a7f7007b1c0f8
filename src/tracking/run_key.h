// Finds the run that a request names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/sql.h"

namespace slipway {

struct RunKey {
  std::int64_t number = 0;
  std::string experiment_id;
  std::int64_t points = 0;  // of metrics, logged so far
};

// not_found "run.not_found".
Result<RunKey> find_run(Transaction& t, std::string_view id);
// Also invalid_argument "run.deleted".
Result<RunKey> find_active_run(Transaction& t, std::string_view id);
// The same, and counts `added` points more, which `points` of the answer does not have.
Result<RunKey> find_active_run_to_log(Transaction& t, std::string_view id, std::size_t added);

tl::unexpected<Error> no_run(std::string_view id);
tl::unexpected<Error> run_is_deleted(std::string_view id);

}  // namespace slipway

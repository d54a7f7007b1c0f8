// What an owner may say about how the requests of a version share runs; the defaults let what is measured decide.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace slipway {

struct BatchPolicy {
  bool is_enabled = true;
  std::uint32_t rows_max = 0;                      // of one run; 0: as many as the load finds worth while
  std::vector<std::uint32_t> preferred_rows = {};  // ascending; runners form batches of these sizes where they can
  std::chrono::microseconds delay_max{0};          // longest that a runner leaves a request waiting for others
  bool is_adaptive = true;                         // waits only while it pays, see is_worth_waiting()
  bool preserves_order = false;                    // runners answer in the order of arrival; priorities are then void
  std::uint32_t level_by_default = 2;              // of requests that name no priority; 1 is the most important
  std::uint32_t queue_max = 0;                     // requests that wait for a runner; 0: the server's limit
  std::uint32_t instances = 0;                     // runners; 0: the server's number
  bool operator==(const BatchPolicy&) const = default;
};

}  // namespace slipway

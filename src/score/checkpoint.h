// How far a job is: what a second run needs to go on where the first was killed, and to notice that it is another job.
//
// The file is one JSON object, replaced as a whole. What it counts is durable before it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "score/chunk.h"

namespace slipway::score {

// What must be the same: what it is for people, and its value.
using Identity = std::vector<std::pair<std::string, std::string>>;

struct Counts {
  std::uint64_t rows = 0;  // read, with those that were rejected
  std::uint64_t rejected = 0;
  bool operator==(const Counts&) const = default;
};

struct Checkpoint {
  std::string version;  // of the model; all rows are answered by it
  Identity identity;
  Position position;
  Counts counts;
  std::uint64_t output_bytes = 0;
  std::uint64_t rejects_bytes = 0;
  bool operator==(const Checkpoint&) const = default;
};

std::string to_json(const Checkpoint& checkpoint);
Result<Checkpoint> parse_checkpoint(std::string_view json);  // data_loss "score.bad_checkpoint"

// Nothing where there is no such file.
Result<std::optional<Checkpoint>> read_checkpoint(const std::string& path);
// Durable when it returns.
Status write_checkpoint(const std::string& path, const Checkpoint& checkpoint);

// failed_precondition "score.changed", which names each difference.
Status check_same(const Checkpoint& checkpoint, const Identity& now, const std::string& path);

}  // namespace slipway::score

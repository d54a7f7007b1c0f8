// Finds the inputs of a recorded run again, by their digests.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "reproduce/bundle.h"

namespace slipway::reproduce {

struct PlacedInputs {
  std::vector<std::string> arguments;  // of the command, with the places that inputs have now
};

// An input of the repository is copied to its place in `source`, unless the commit has it. It is looked for in the
// bundle, in `folders` (under its path, then its name), and where it was recorded. One outside of the repository must
// stand where it stood, or else be found so and be named by an argument of the command, which is then changed.
// not_found "reproduce.input_missing"; failed_precondition "reproduce.input_changed".
Result<PlacedInputs> place_inputs(const Bundle& bundle, const std::string& source,
                                  const std::vector<std::string>& folders, const std::vector<std::string>& arguments);

}  // namespace slipway::reproduce

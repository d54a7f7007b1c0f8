// Proves that a model treats the rows of a batch independently, by running it.
//
// A declared variable dimension does not say that requests may be put together: a model may normalise over it. So two
// different rows are run alone and together, and the answers must agree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/loaded_model.h"

namespace slipway {

struct BatchProof {
  std::optional<Error> failure;  // why no generated input was accepted; nothing: the model ran
  double run_us = 0;             // shortest of a few runs on one row
  bool is_proved = false;
  std::string objection;              // why there is no batch axis: "output 'y' has a fixed first dimension"
  std::vector<bool> batched_outputs;  // one for each output
  std::vector<std::vector<std::int64_t>> shapes;  // of the outputs for one row: tells unknown ranks
};

// Runs the model up to about ten times on generated rows (zeros, ones).
BatchProof prove_batch_axis(const LoadedModel& model);

// The signature with what only a run tells: which dimensions count rows, and the rank of outputs that declare none.
ModelSignature with_proof(ModelSignature signature, const BatchProof& proof);

}  // namespace slipway

// One version, loaded and ready to answer; and the snapshot of all of them that the request path reads.
//
// Everything here is made once, when a version is published, and is immutable afterwards: names resolved, contract
// bound, metric handles found. Requests hold a shared_ptr to the version they use; it is freed after the last of them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "data/bind.h"
#include "runtime/loaded_model.h"
#include "serving/batch_plan.h"
#include "serving/batch_policy.h"
#include "serving/batch_statistics.h"
#include "serving/cost_curve.h"
#include "serving/inline_run.h"
#include "serving/metrics.h"
#include "serving/runner_pool.h"

namespace slipway {

struct ServedVersion {
  std::string model;
  std::string version;      // semantic version
  std::string number_text;  // the integer that MLflow clients use, in digits
  Digest digest;            // of the bundle
  std::shared_ptr<const LoadedModel> runtime;
  std::shared_ptr<const BoundContract> contract;
  InlineBudget inline_budget;  // which requests run on the I/O thread
  CostCurve cost_curve;        // measured at load; empty for a model without a batch axis
  BatchPolicy batch_policy;
  BatchPlan batch_plan;                         // what follows from both
  std::unique_ptr<RunnerPool> runners;          // for requests that do not run on the I/O thread
  std::shared_ptr<BatchStatistics> statistics;  // of the bytes of the version, whatever its policy
  mutable VersionMetrics metrics;               // handles: counting does not change the version
};

// Looks names up without making a std::string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

struct ServedModel {
  std::shared_ptr<const ServedVersion> current;                               // answers when no version is named
  std::vector<std::shared_ptr<const ServedVersion>> versions;                 // in ascending order
  std::shared_ptr<const ServedVersion> find(std::string_view version) const;  // "1.2.3", or the integer
};

struct ServingSnapshot {
  std::unordered_map<std::string, ServedModel, TextHash, std::equal_to<>> models;
};

}  // namespace slipway

// The test suite that travels in a bundle: examples with their outputs, changes that must not matter, and a metric to
// reach on data of the bundle. It runs when a version is pushed; a version that fails it is no candidate.
//
// JSON, every part optional but one at least; unknown keys are errors:
//   {"cases": [{"name": "setosa",
//               "inputs": {"x": {"datatype": "FP32", "shape": [1, 4], "data": [5.1, 3.5, 1.4, 0.2]}},
//               "outputs": {"label": {"data": ["setosa"]}, "scores": {"data": [0.9, 0.1, 0.0], "tolerance": 0.05}}}],
//    "invariances": [{"name": "sex does not matter", "inputs": {…}, "change": {"sex": {…}}, "output": "label"}],
//    "metric": {"name": "accuracy", "data": "holdout.csv", "label": "species", "output": "label", "minimum": 0.9,
//               "columns": {"x": ["sepal_l", "sepal_w", "petal_l", "petal_w"]}}}
// - "data" is row-major, flat or nested, of numbers, booleans or texts; "tolerance" is absolute, 0 when absent.
// - an invariance runs the model with "inputs", and again with those of "change" in their place; "output" must stay.
// - "metric": registry/quality_metric.h names them. The CSV's columns go into the model's inputs as "columns" says;
//   an input without an entry takes the column of its own name. "column" picks one of several of the output (default:
//   the only one, or of two the second), "positive" is the label that f1 and auc look for (default 1). One of "minimum"
//   and "maximum" is given.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/owned_tensor.h"
#include "registry/quality_metric.h"

namespace slipway {

struct ExpectedOutput {
  std::string name;
  std::vector<Cell> data;
  double tolerance = 0;
};

struct ModelCase {
  std::string name;
  std::vector<OwnedTensor> inputs;
  std::vector<ExpectedOutput> outputs;
};

struct ModelInvariance {
  std::string name;
  std::vector<OwnedTensor> inputs;
  std::vector<OwnedTensor> changed;  // all inputs of the second run
  std::string output;
  double tolerance = 0;
};

struct ModelMetric {
  QualityMetric metric = QualityMetric::kAccuracy;
  std::string data;  // path of a CSV file of the bundle
  std::string label;
  std::string output;
  std::map<std::string, std::vector<std::string>> columns;
  std::optional<std::size_t> column;
  Cell positive = std::int64_t{1};
  std::optional<double> minimum;
  std::optional<double> maximum;
};

struct ModelTests {
  std::vector<ModelCase> cases;
  std::vector<ModelInvariance> invariances;
  std::optional<ModelMetric> metric;
};

constexpr std::size_t kModelTestsBytesMax = 4u << 20;  // larger data belong in a CSV file

// invalid_argument "model_tests.invalid", naming the place: "cases[2].inputs.x.data: …".
Result<ModelTests> parse_model_tests(std::string_view json);

}  // namespace slipway

// Runs a bundle's test suite against its model and says what failed, with what was expected and what was found.
//
// The model is a function, so that this module needs no runtime: whoever pushes gives one that runs in the probe's
// child or in process. A run that fails is a failed check, not an error.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "registry/model_tests.h"

namespace slipway {

using ModelRun = std::function<Result<std::vector<OwnedTensor>>(std::span<const TensorView> inputs)>;

struct ModelUnderTest {
  std::vector<TensorSpec> inputs;  // as the model declares them; a metric's rows are cut to their first dimension
  ModelRun run;
  std::function<Result<std::string>(std::string_view path)> read_file;  // a file of the bundle
};

struct Mismatch {
  std::string output;
  std::size_t index = 0;  // row-major
  std::string expected;
  std::string found;
};

struct ModelCheck {
  std::string kind;  // "case", "invariance", "metric"
  std::string name;
  bool is_passed = false;
  std::string message;               // why it failed as a whole; "" where mismatches say it
  std::vector<Mismatch> mismatches;  // the first ten
  std::optional<double> value;       // of a metric
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::size_t row_count = 0;  // of a metric's data
};

struct ModelTestReport {
  bool is_passed = false;
  std::vector<ModelCheck> checks;
};

ModelTestReport run_model_tests(const ModelTests& tests, const ModelUnderTest& model);

// {"passed":false,"checks":[{"kind":"case","name":"setosa","passed":false,"message":"","mismatches":[{"output":"label",
// "index":0,"expected":"setosa","found":"virginica"}]},{"kind":"metric","name":"accuracy","passed":true,…,"value":0.93,
// "minimum":0.9,"rows":1000}]}
std::string to_json(const ModelTestReport& report);

}  // namespace slipway

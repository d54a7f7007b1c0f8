// The metric of a test suite: a CSV file through the model, in batches. Part of registry/model_test_runner.h.
#pragma once

#include "registry/model_test_runner.h"

namespace slipway {

struct MetricValue {
  double value = 0;
  std::size_t row_count = 0;
};

// invalid_argument "model_tests.invalid_data" where the file, its columns or the output do not fit; errors of the
// model's run and of measure().
Result<MetricValue> evaluate_metric(const ModelMetric& metric, const ModelUnderTest& model);

}  // namespace slipway

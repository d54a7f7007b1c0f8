// Calls that MLflow's own server has and this one does not: they are answered with 501 and a sentence, so that a client
// stops at once and its user learns why. docs/reference/mlflow.md has the same list.
#pragma once

#include <string_view>

namespace slipway::mlflow {

// Why the call at `path` is not answered here; "" where it is no call of MLflow.
std::string_view unsupported_call(std::string_view path) noexcept;

}  // namespace slipway::mlflow

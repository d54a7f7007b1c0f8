// The tag in which clients of MLflow 2 keep the models that a run logged: a JSON list of model descriptions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::mlflow {

constexpr std::string_view kLoggedModelHistoryTag = "mlflow.log-model.history";

// `history` ("" for none) with `model` at its end. The oldest are dropped where the list would be longer than a tag may
// be. invalid_argument "request.invalid" where `model` is no description of a model, or too long for a tag on its own.
Result<std::string> append_logged_model(std::string_view history, std::string_view model);

}  // namespace slipway::mlflow

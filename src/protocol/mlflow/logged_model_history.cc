#include "protocol/mlflow/logged_model_history.h"

#include <deque>
#include <simdjson.h>

#include "protocol/mlflow/wire.h"
#include "tracking/limits.h"

namespace slipway::mlflow {
namespace {

Status check_description(const simdjson::dom::object& model) {
  for (const std::string_view member : {"artifact_path", "flavors", "utc_time_created", "run_id"}) {
    if (model.at_key(member).error() != simdjson::SUCCESS) return missing_value("model_json." + std::string(member));
  }
  return {};
}

}  // namespace

Result<std::string> append_logged_model(std::string_view history, std::string_view model) {
  simdjson::dom::parser parser;
  simdjson::dom::object described;
  if (parser.parse(model).get(described) != simdjson::SUCCESS) {
    std::string found;
    append_json_string(found, model);
    return invalid_value("model_json", found, "a JSON object is expected");
  }
  SLIPWAY_CHECK(check_description(described));
  std::deque<std::string> models;
  std::size_t size = 2;  // the brackets; each model adds itself and a comma
  const auto keep = [&](std::string text) {
    size += text.size() + 1;
    models.push_back(std::move(text));
  };
  const std::string added = simdjson::minify(described);
  simdjson::dom::array earlier;  // a tag that a client has overwritten starts anew
  if (parser.parse(history).get(earlier) == simdjson::SUCCESS) {
    for (const simdjson::dom::element element : earlier) keep(simdjson::minify(element));
  }
  keep(added);
  while (size - 1 > kRunTagValueCharactersMax) {
    if (models.size() == 1) return invalid_value("model_json", "…", "it is too long for a tag");
    size -= models.front().size() + 1;
    models.pop_front();
  }
  std::string text = "[";
  for (const std::string& one : models) text.append(text.size() == 1 ? "" : ",").append(one);
  return text + ']';
}

}  // namespace slipway::mlflow

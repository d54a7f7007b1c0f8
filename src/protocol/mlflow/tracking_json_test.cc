#include "protocol/mlflow/tracking_json.h"

#include <cmath>
#include <gtest/gtest.h>

namespace slipway::mlflow {
namespace {

Result<std::string> ask(std::string_view body, const std::function<Result<std::string>(const Arguments&)>& read) {
  const simdjson::padded_string padded(body);
  simdjson::dom::parser parser;
  return read(Arguments(parser.parse(padded).get_object().value()));
}

template <typename T>
std::string written(const T& value, void (*write)(JsonWriter&, const T&)) {
  std::string text;
  JsonWriter json(text);
  write(json, value);
  return text;
}

// As protobuf's JSON of the messages in mlflow/protos/service.proto has them.
TEST(TrackingJson, WritesARun) {
  slipway::Run run;
  run.info = {.number = 7,
              .id = "ab",
              .experiment_id = "0",
              .name = "calm-fox-1",
              .user_id = "ann",
              .status = RunStatus::kFinished,
              .start_ms = 1,
              .end_ms = 2,
              .artifact_uri = "mlflow-artifacts:/0/ab/artifacts"};
  run.metrics = {{"m", std::nan(""), 3, -1, "m-1", "", "", "ab"}};
  run.params = {{"p", ""}};
  run.tags = {{"t", "ü"}};
  run.datasets = {{{"iris", "d1", "local", "{}", "", "{}"}, {{"mlflow.data.context", "training"}}}};
  run.input_models = {"m-0"};
  run.output_models = {{"m-1", 4}};
  EXPECT_EQ(written(run, write_run),
            R"({"info":{"run_id":"ab","run_uuid":"ab","run_name":"calm-fox-1","experiment_id":"0","user_id":"ann",)"
            R"("status":"FINISHED","start_time":1,"end_time":2,"artifact_uri":"mlflow-artifacts:/0/ab/artifacts",)"
            R"("lifecycle_stage":"active"},"data":{"metrics":[{"key":"m","value":"NaN","timestamp":3,"step":-1,)"
            R"("model_id":"m-1","run_id":"ab"}],"params":[{"key":"p","value":""}],"tags":[{"key":"t","value":"ü"}]},)"
            R"("inputs":{"dataset_inputs":[{"tags":[{"key":"mlflow.data.context","value":"training"}],"dataset":)"
            R"({"name":"iris","digest":"d1","source_type":"local","source":"{}","profile":"{}"}}],)"
            R"("model_inputs":[{"model_id":"m-0"}]},"outputs":{"model_outputs":[{"model_id":"m-1","step":4}]}})");
}

TEST(TrackingJson, LeavesOutTheEndOfARunThatHasNone) {
  EXPECT_EQ(written(RunInfo{}, write_run_info).find("end_time"), std::string::npos);
}

TEST(TrackingJson, WritesALoggedModel) {
  LoggedModel model;
  model.id = "m-1";
  model.experiment_id = "0";
  model.name = "iris";
  model.created_by = "ann";  // not written: clients read creator_id as a number
  model.status = LoggedModelStatus::kReady;
  model.params = {{"a", "b"}};
  EXPECT_EQ(written(model, write_logged_model),
            R"({"info":{"model_id":"m-1","experiment_id":"0","name":"iris","creation_timestamp_ms":0,)"
            R"("last_updated_timestamp_ms":0,"artifact_uri":"","status":"LOGGED_MODEL_READY","tags":[]},)"
            R"("data":{"params":[{"key":"a","value":"b"}],"metrics":[]}})");
}

TEST(TrackingJson, PagesEndWithoutAToken) {
  EXPECT_EQ(page_with("metrics", std::vector<Metric>{}, "", write_metric), R"({"metrics":[]})");
  EXPECT_EQ(page_with("metrics", std::vector<Metric>{}, "x", write_metric), R"({"metrics":[],"next_page_token":"x"})");
}

TEST(TrackingJson, ReadsMetricsAndSaysWhatIsMissing) {
  const auto read = [](const Arguments& arguments) -> Result<std::string> {
    SLIPWAY_TRY(const auto metrics, read_metrics(arguments, "metrics"));
    return std::to_string(metrics.size()) + " " + std::to_string(metrics.back().step) + " " +
           std::to_string(metrics.back().value);
  };
  EXPECT_EQ(*ask(R"({"metrics": [{"key": "a", "value": 1, "timestamp": 2, "step": 3},
                                 {"key": "b", "value": "Infinity", "timestamp": "2"}]})",
                 read),
            "2 0 inf");
  const auto message = [&](std::string_view metric) {
    return ask(R"({"metrics": [)" + std::string(metric) + "]}", read).error().message;
  };
  EXPECT_EQ(message(R"({"value": 1, "timestamp": 2})"), "Missing value for required parameter 'metrics[0].key'.");
  EXPECT_EQ(message(R"({"key": "a", "timestamp": 2})"), "Missing value for required parameter 'metrics[0].value'.");
  EXPECT_EQ(message(R"({"key": "a", "value": 2})"), "Missing value for required parameter 'metrics[0].timestamp'.");
  EXPECT_TRUE(message(R"({"key": "a", "value": "x", "timestamp": 1})")
                  .starts_with(R"(Invalid value "x" for parameter 'metrics[0].value' supplied)"));
}

TEST(TrackingJson, ReadsEitherNameOfARun) {
  const auto read = [](const Arguments& arguments) { return read_run_id(arguments); };
  EXPECT_EQ(*ask(R"({"run_id": "a", "run_uuid": "b"})", read), "a");
  EXPECT_EQ(*ask(R"({"run_id": "", "run_uuid": "b"})", read), "b");
  EXPECT_EQ(ask("{}", read).error().message, "Missing value for required parameter 'run_id'.");
}

TEST(TrackingJson, ReadsEnumerationsByNameAndNumber) {
  const auto read = [](const Arguments& arguments) -> Result<std::string> {
    SLIPWAY_TRY(const auto status, read_run_status(arguments, "status"));
    return status ? std::string(to_string(*status)) : "none";
  };
  EXPECT_EQ(*ask("{}", read), "none");
  EXPECT_EQ(*ask(R"({"status": "KILLED"})", read), "KILLED");
  EXPECT_EQ(*ask(R"({"status": 3})", read), "FINISHED");
  EXPECT_EQ(*ask(R"({"status": "3"})", read), "FINISHED");
  for (const char* wrong : {"\"finished\"", "0", "6", "[]", "1.5", "\"UNKNOWN\""}) {
    EXPECT_FALSE(ask("{\"status\": " + std::string(wrong) + "}", read).has_value()) << wrong;
  }
}

TEST(TrackingJson, ReadsDatasets) {
  const auto read = [](const Arguments& arguments) -> Result<std::string> {
    SLIPWAY_TRY(const auto inputs, read_dataset_inputs(arguments, "datasets"));
    return inputs.front().dataset.name + " " + inputs.front().tags.front().value;
  };
  EXPECT_EQ(*ask(R"({"datasets": [{"tags": [{"key": "k", "value": "v"}], "dataset": {"name": "n", "digest": "d",
                                   "source_type": "t", "source": "s"}}]})",
                 read),
            "n v");
  EXPECT_EQ(
      ask(R"({"datasets": [{"dataset": {"name": "n", "source_type": "t", "source": "s"}}]})", read).error().message,
      "Missing value for required parameter 'datasets[0].dataset.digest'.");
  EXPECT_EQ(ask(R"({"datasets": [{}]})", read).error().message,
            "Missing value for required parameter 'datasets[0].dataset'.");
}

}  // namespace
}  // namespace slipway::mlflow

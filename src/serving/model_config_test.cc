#include "serving/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serving/statistics.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DescribedModel final : public LoadedModel {
 public:
  explicit DescribedModel(ModelSignature signature) : signature_(std::move(signature)) {}
  const ModelSignature& signature() const noexcept override { return signature_; }
  Status run(std::span<const TensorView>, std::span<const std::uint32_t>, RunOutputs&, RunControl*) const override {
    return fail(Code::kUnimplemented, "run.failed", "only described");
  }
  Result<std::unique_ptr<RunControl>> make_control() const override {
    return fail(Code::kUnimplemented, "run.failed", "only described");
  }

 private:
  const ModelSignature signature_;
};

std::shared_ptr<ServedVersion> served(ModelSignature signature) {
  auto version = std::make_shared<ServedVersion>();
  version->model = "iris";
  version->version = "1.2.0";
  version->runtime = std::make_shared<DescribedModel>(std::move(signature));
  version->runners = std::make_unique<RunnerPool>(RunnerOptions{.threads = 3, .queue_max = 1});
  return version;
}

ModelTensor tensor(std::string name, DataType type, std::vector<std::int64_t> shape, bool is_batched) {
  return {.spec = {std::move(name), type, std::move(shape)}, .has_rank = true, .is_batched = is_batched};
}

TEST(ModelConfig, LeavesTheBatchAxisOut) {
  const auto version = served({.inputs = {tensor("x", DataType::kFp32, {-1, 4}, true)},
                               .outputs = {tensor("label", DataType::kBytes, {-1}, true)},
                               .is_batchable = true});
  const ModelConfig config = model_config_of(*version);
  EXPECT_EQ(config.name, "iris");
  EXPECT_EQ(config.max_batch_size, kBatchRowsMax);
  EXPECT_EQ(config.instances, 3);
  EXPECT_EQ(config.inputs[0].data_type, "TYPE_FP32");
  EXPECT_THAT(config.inputs[0].dims, ElementsAre(4));
  EXPECT_EQ(config.outputs[0].data_type, "TYPE_STRING");
  EXPECT_THAT(config.outputs[0].dims, IsEmpty());
}

// "p.keys" of a classifier says the classes once, whatever the rows: a client that took its first dimension for rows
// would cut it.
TEST(ModelConfig, HasNoBatchAxisWhereOneOutputHasNone) {
  const auto version =
      served({.inputs = {tensor("x", DataType::kFp32, {-1, 4}, true)},
              .outputs = {tensor("p", DataType::kFp32, {-1, 3}, true), tensor("p.keys", DataType::kInt64, {3}, false)},
              .is_batchable = true});
  const ModelConfig config = model_config_of(*version);
  EXPECT_EQ(config.max_batch_size, 0);
  EXPECT_THAT(config.inputs[0].dims, ElementsAre(-1, 4));
  EXPECT_THAT(config.outputs[1].dims, ElementsAre(3));
}

TEST(Statistics, AreTheSumsOfTheMetrics) {
  metrics::Registry registry;
  ServingMetrics serving(registry);
  const auto version = served({});
  version->metrics = serving.for_version("iris", "1.2.0");
  version->memory_bytes = 1'000;
  version->metrics.success_duration.observe(std::chrono::microseconds(30));
  version->metrics.success_duration.observe(std::chrono::microseconds(50));
  version->metrics.failure_duration.observe(std::chrono::microseconds(7));
  version->metrics.run_duration.observe(std::chrono::microseconds(11));
  version->metrics.rows.add(16);
  version->last_use.note(WallTime(std::chrono::milliseconds(5'000)));
  version->last_use.note(WallTime(std::chrono::milliseconds(4'000)));

  const VersionStatistics statistics = statistics_of(*version);
  EXPECT_EQ(statistics.success.count, 2U);
  EXPECT_EQ(statistics.success.ns, 80'000U);
  EXPECT_EQ(statistics.fail.count, 1U);
  EXPECT_EQ(statistics.fail.ns, 7'000U);
  EXPECT_EQ(statistics.queue.count, 0U);
  EXPECT_EQ(statistics.execution_count, 1U);
  EXPECT_EQ(statistics.compute_infer.ns, 11'000U);
  EXPECT_EQ(statistics.inference_count, 16U);
  EXPECT_EQ(statistics.last_inference_unix_ms, 5'000U);
  EXPECT_EQ(statistics.memory_bytes, 1'000U);
}

}  // namespace
}  // namespace slipway

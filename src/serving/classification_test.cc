#include "serving/classification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ScoringModel final : public LoadedModel {
 public:
  explicit ScoringModel(bool is_batched) {
    signature_.outputs = {{.spec = {"p", DataType::kFp32, {-1, 3}}, .has_rank = true, .is_batched = is_batched}};
  }
  const ModelSignature& signature() const noexcept override { return signature_; }
  Status run(std::span<const TensorView>, std::span<const std::uint32_t>, RunOutputs&, RunControl*) const override {
    return {};
  }
  Result<std::unique_ptr<RunControl>> make_control() const override {
    return fail(Code::kUnimplemented, "run.failed", "never run");
  }

 private:
  ModelSignature signature_;
};

class Classification : public testing::Test {
 protected:
  template <typename T>
  std::vector<std::string> top(std::uint32_t k, DataType type, std::vector<std::int64_t> shape,
                               const std::vector<T>& values, bool is_batched = true) {
    shape_ = std::move(shape);
    version_.runtime = std::make_shared<ScoringModel>(is_batched);
    request_.outputs = {{.name = "p", .is_binary = false, .classification = k}};
    response_.outputs = {{"p", type, shape_, std::as_bytes(std::span(values)), {}}};
    const Status done = classify(request_, version_, response_, request_.arena);
    EXPECT_TRUE(done) << done.error().message;
    const TensorView& answer = response_.outputs.front();
    answered_shape_.assign(answer.shape.begin(), answer.shape.end());
    return {answer.strings.begin(), answer.strings.end()};
  }

  ServedVersion version_;
  InferRequest request_;
  InferResponse response_;
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> answered_shape_;
};

TEST_F(Classification, RanksEachRow) {
  version_.labels = {"setosa", "versicolor"};
  const std::vector<float> scores = {0.25F, 0.5F, 0.125F, 1, 0, 2};
  EXPECT_THAT(top(2, DataType::kFp32, {2, 3}, scores),
              ElementsAre("0.5:1:versicolor", "0.25:0:setosa", "2:2", "1:0:setosa"));
  EXPECT_THAT(answered_shape_, ElementsAre(2, 2));
}

TEST_F(Classification, OfAnOutputWithoutRowsRanksAllOfIt) {
  EXPECT_THAT(top(9, DataType::kInt64, {3}, std::vector<std::int64_t>{-1, 7, 3}, false),
              ElementsAre("7:1", "3:2", "-1:0"));
  EXPECT_THAT(answered_shape_, ElementsAre(3));
}

TEST_F(Classification, EqualScoresKeepTheirOrderAndNanComesLast) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(top(4, DataType::kFp32, {1, 4}, std::vector<float>{kNan, 1, -3, 1}),
              ElementsAre("1:1", "1:3", "-3:2", "nan:0"));
}

TEST_F(Classification, OfNoRowsIsEmpty) {
  EXPECT_THAT(top(2, DataType::kFp32, {0, 3}, std::vector<float>{}), IsEmpty());
  EXPECT_THAT(answered_shape_, ElementsAre(0, 2));
}

TEST_F(Classification, LeavesOtherOutputsAlone) {
  const std::vector<float> scores = {1, 2, 3};
  EXPECT_THAT(top(0, DataType::kFp32, {1, 3}, scores), IsEmpty());
  EXPECT_EQ(response_.outputs.front().type, DataType::kFp32);
}

TEST_F(Classification, OfTextIsRefused) {
  request_.outputs = {{.name = "p", .is_binary = false, .classification = 1}};
  response_.outputs = {{"p", DataType::kBytes, {}, {}, {}}};
  version_.runtime = std::make_shared<ScoringModel>(true);
  EXPECT_EQ(classify(request_, version_, response_, request_.arena).error().reason, "infer.classification");
}

}  // namespace
}  // namespace slipway

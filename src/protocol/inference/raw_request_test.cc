#include "protocol/inference/raw_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/inference/fixture_test.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ModelSignature one_input_of(DataType type, std::vector<std::int64_t> shape, bool is_batched = true) {
  ModelSignature signature;
  signature.inputs = {{.spec = {"x", type, std::move(shape)}, .has_rank = true, .is_batched = is_batched}};
  return signature;
}

struct Raw {
  Raw(const ModelSignature& signature, std::size_t bytes) : fixture(std::string(bytes, '\1')) {
    fixture.set_length("0");
    status = decode_raw_infer(fixture.http, signature, fixture.infer);
  }
  std::string reason() const { return status ? "" : status.error().reason; }
  const TensorView& input() const { return fixture.infer.inputs.front(); }

  InferFixture fixture;
  Status status;
};

TEST(RawRequest, IsKnownByItsHeader) {
  InferFixture fixture("{}");
  EXPECT_FALSE(is_raw_request(fixture.http));
  fixture.set_length("0");
  EXPECT_TRUE(is_raw_request(fixture.http));
  fixture.set_length("2");
  EXPECT_FALSE(is_raw_request(fixture.http));
}

TEST(RawRequest, FindsTheVariableDimension) {
  const ModelSignature rows = one_input_of(DataType::kFp32, {-1, 4});
  EXPECT_THAT(Raw(rows, 16).input().shape, ElementsAre(1, 4));
  EXPECT_THAT(Raw(rows, 48).input().shape, ElementsAre(3, 4));
  EXPECT_THAT(Raw(rows, 0).input().shape, ElementsAre(0, 4));
  EXPECT_TRUE(Raw(rows, 16).fixture.infer.wants_binary_output);
  EXPECT_EQ(Raw(rows, 20).reason(), "infer.raw_binary");
  EXPECT_EQ(Raw(rows, 15).reason(), "infer.raw_binary");
  EXPECT_THAT(Raw(one_input_of(DataType::kFp32, {2, 4}, false), 32).input().shape, ElementsAre(2, 4));
  EXPECT_EQ(Raw(one_input_of(DataType::kFp32, {2, 4}, false), 16).reason(), "infer.raw_binary");
  EXPECT_EQ(Raw(one_input_of(DataType::kFp32, {-1, 0}, false), 16).reason(), "infer.raw_binary");
}

TEST(RawRequest, IsOneRowWhereAnotherDimensionVaries) {
  EXPECT_THAT(Raw(one_input_of(DataType::kFp32, {-1, -1}), 24).input().shape, ElementsAre(1, 6));
  EXPECT_EQ(Raw(one_input_of(DataType::kFp32, {-1, -1}, false), 24).reason(), "infer.raw_binary");
  EXPECT_EQ(Raw(one_input_of(DataType::kFp32, {-1, -1, -1}), 24).reason(), "infer.raw_binary");
}

TEST(RawRequest, OfTextIsOneElement) {
  const Raw raw(one_input_of(DataType::kBytes, {-1}), 5);
  EXPECT_THAT(raw.input().shape, ElementsAre(1));
  EXPECT_THAT(raw.input().strings, ElementsAre("\1\1\1\1\1"));
  EXPECT_THAT(Raw(one_input_of(DataType::kBytes, {-1}), 0).input().strings, ElementsAre(IsEmpty()));
  EXPECT_EQ(Raw(one_input_of(DataType::kBytes, {2}, false), 5).reason(), "infer.raw_binary");
}

TEST(RawRequest, IsForModelsWithOneInput) {
  ModelSignature two = one_input_of(DataType::kFp32, {-1, 4});
  two.inputs.push_back(two.inputs.front());
  EXPECT_EQ(Raw(two, 16).reason(), "infer.raw_binary");
  EXPECT_EQ(Raw(ModelSignature{}, 16).reason(), "infer.raw_binary");
}

}  // namespace
}  // namespace slipway

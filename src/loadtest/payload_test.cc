#include "loadtest/payload.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>
#include <inference.pb.h>

namespace slipway::loadtest {
namespace {

TEST(Payload, MakesEveryTypeInBothForms) {
  for (int type = 0; type <= static_cast<int>(DataType::kBytes); ++type) {
    const TensorSpec input{"x", static_cast<DataType>(type), {-1, 3}};
    const auto text = make_payload(std::span(&input, 1), {2, false, {}, 1});
    ASSERT_TRUE(text);
    const auto value = boost::json::parse(text->body);
    EXPECT_EQ(value.at("inputs").at(0).at("data").as_array().size(), 6);
    EXPECT_EQ(text->rows, 2);
    EXPECT_EQ(text->json_bytes, 0);

    const auto binary = make_payload(std::span(&input, 1), {2, true, {}, 1});
    ASSERT_TRUE(binary);
    const auto head = boost::json::parse(std::string_view(binary->body).substr(0, binary->json_bytes));
    const std::size_t element = input.type == DataType::kBytes ? 12 : element_size(input.type);
    EXPECT_EQ(head.at("inputs").at(0).at("parameters").at("binary_data_size").to_number<std::size_t>(), 6 * element);
    EXPECT_EQ(binary->body.size() - binary->json_bytes, 6 * element);
  }
}

TEST(Payload, OverGrpcItIsTheSameBytes) {
  const std::vector<TensorSpec> inputs = {{"x", DataType::kFp32, {-1, 3}}, {"y", DataType::kBytes, {-1}}};
  const auto binary = make_payload(inputs, {2, true, {}, 4});
  const auto message = make_grpc_payload(inputs, {2, true, {}, 4}, "m", "1.0.0");
  ASSERT_TRUE(binary && message);
  EXPECT_EQ(message->rows, 2);
  inference::ModelInferRequest request;
  ASSERT_TRUE(request.ParseFromString(message->body));
  EXPECT_EQ(request.model_name(), "m");
  EXPECT_EQ(request.model_version(), "1.0.0");
  ASSERT_EQ(request.inputs_size(), 2);
  EXPECT_EQ(request.inputs(0).name(), "x");
  EXPECT_EQ(request.inputs(0).datatype(), "FP32");
  EXPECT_EQ(std::vector(request.inputs(0).shape().begin(), request.inputs(0).shape().end()),
            (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(request.raw_input_contents(0) + request.raw_input_contents(1), binary->body.substr(binary->json_bytes));
}

TEST(Payload, TheSameSeedMakesTheSameBytes) {
  const TensorSpec input{"x", DataType::kFp32, {-1, 3}};
  const std::span inputs(&input, 1);
  EXPECT_EQ(make_payload(inputs, {1, true, {}, 5})->body, make_payload(inputs, {1, true, {}, 5})->body);
  EXPECT_NE(make_payload(inputs, {1, true, {}, 5})->body, make_payload(inputs, {1, true, {}, 6})->body);
}

TEST(Payload, ShapesMustBeGivenAndMustFit) {
  const TensorSpec input{"x", DataType::kFp32, {-1, -1, 3}};
  const auto reason = [&](std::map<std::string, std::vector<std::int64_t>> shapes) -> std::string {
    const auto payload = make_payload(std::span(&input, 1), {1, false, std::move(shapes), 1});
    return payload ? "" : payload.error().reason;
  };
  EXPECT_EQ(reason({}), "bench.shape");
  EXPECT_EQ(reason({{"x", {1, 2, 4}}}), "bench.shape");
  EXPECT_EQ(reason({{"x", {1, 2}}}), "bench.shape");
  EXPECT_EQ(reason({{"y", {1}}, {"x", {1, 2, 3}}}), "bench.shape");
  EXPECT_EQ(reason({{"x", {1, 2, 3}}}), "");
}

}  // namespace
}  // namespace slipway::loadtest

#include "protocol/grpc/infer_message.h"

#include <cstring>
#include <gmock/gmock.h>

#include "base/bytes.h"
#include "inference.pb.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

inference::ModelInferRequest request_of(const std::string& type, const std::vector<std::int64_t>& shape) {
  inference::ModelInferRequest request;
  request.set_model_name("m");
  auto* input = request.add_inputs();
  input->set_name("x");
  input->set_datatype(type);
  for (const std::int64_t dimension : shape) input->add_shape(dimension);
  return request;
}

inference::InferTensorContents& contents(inference::ModelInferRequest& request) {
  return *request.mutable_inputs(0)->mutable_contents();
}

class InferMessage : public ::testing::Test {
 protected:
  Status read(const inference::ModelInferRequest& request) {
    message_ = request.SerializeAsString();
    return read_infer_message(as_bytes(message_), infer_);
  }
  template <typename T>
  std::vector<T> numbers() {
    std::vector<T> values(infer_.inputs.at(0).data.size() / sizeof(T));
    std::memcpy(values.data(), infer_.inputs.at(0).data.data(), values.size() * sizeof(T));
    return values;
  }

  std::string message_;
  InferRequest infer_;
};

TEST_F(InferMessage, ReadsWhatProtobufWrites) {
  inference::ModelInferRequest request = request_of("FP32", {1, 2});
  request.set_id("7");
  request.set_model_version("1.2.0");
  (*request.mutable_parameters())["priority"].set_int64_param(3);
  (*request.mutable_parameters())["timeout"].set_uint64_param(5000);
  contents(request).add_fp32_contents(1.5F);
  contents(request).add_fp32_contents(-2);
  request.add_outputs()->set_name("y");
  ASSERT_TRUE(read(request));
  EXPECT_EQ(infer_.model, "m");
  EXPECT_EQ(infer_.version, "1.2.0");
  EXPECT_EQ(infer_.id, "7");
  EXPECT_EQ(infer_.priority, 3U);
  EXPECT_EQ(infer_.timeout_us, 5000U);
  EXPECT_THAT(numbers<float>(), ElementsAre(1.5F, -2));
  ASSERT_EQ(infer_.outputs.size(), 1U);
  EXPECT_EQ(infer_.outputs[0].name, "y");
  EXPECT_EQ(model_of_infer_message(as_bytes(message_)), "m");
}

TEST_F(InferMessage, RawContentsAreViewsOfTheMessage) {
  inference::ModelInferRequest request = request_of("INT64", {2});
  const std::vector<std::int64_t> values = {1, -5};
  request.add_raw_input_contents(values.data(), values.size() * sizeof(std::int64_t));
  ASSERT_TRUE(read(request));
  EXPECT_THAT(numbers<std::int64_t>(), ElementsAre(1, -5));
  const auto* data = reinterpret_cast<const char*>(infer_.inputs[0].data.data());
  EXPECT_TRUE(data >= message_.data() && data < message_.data() + message_.size());
}

TEST_F(InferMessage, NarrowTypesComeInWiderFields) {
  inference::ModelInferRequest small = request_of("INT8", {3});
  for (const int value : {-128, 0, 127}) contents(small).add_int_contents(value);
  ASSERT_TRUE(read(small));
  EXPECT_THAT(numbers<std::int8_t>(), ElementsAre(-128, 0, 127));
  contents(small).set_int_contents(0, -129);
  EXPECT_EQ(read(small).error().reason, "infer.bad_element");

  inference::ModelInferRequest unsigned_small = request_of("UINT16", {1});
  contents(unsigned_small).add_uint_contents(65'535);
  ASSERT_TRUE(read(unsigned_small));
  EXPECT_THAT(numbers<std::uint16_t>(), ElementsAre(65'535));
  contents(unsigned_small).set_uint_contents(0, 65'536);
  EXPECT_FALSE(read(unsigned_small));

  inference::ModelInferRequest truth = request_of("BOOL", {2});
  contents(truth).add_bool_contents(true);
  contents(truth).add_bool_contents(false);
  ASSERT_TRUE(read(truth));
  EXPECT_THAT(numbers<std::uint8_t>(), ElementsAre(1, 0));
}

TEST_F(InferMessage, TextComesAsElements) {
  inference::ModelInferRequest request = request_of("BYTES", {3});
  for (const char* text : {"", "naïve", "x"}) contents(request).add_bytes_contents(text);
  ASSERT_TRUE(read(request));
  EXPECT_THAT(std::vector(infer_.inputs[0].strings.begin(), infer_.inputs[0].strings.end()),
              ElementsAre("", "naïve", "x"));
}

TEST_F(InferMessage, WhatContradictsItselfIsRefused) {
  inference::ModelInferRequest missing = request_of("FP32", {1, 2});
  contents(missing).add_fp32_contents(1);
  EXPECT_THAT(read(missing).error().message, HasSubstr("x"));
  inference::ModelInferRequest wrong_field = request_of("FP32", {1});
  contents(wrong_field).add_fp64_contents(1);
  EXPECT_FALSE(read(wrong_field));
  EXPECT_FALSE(read(request_of("FP31", {1})));
  EXPECT_FALSE(read(request_of("FP32", {-1})));
  EXPECT_FALSE(read(request_of("FP32", {INT64_MAX, 4})));
  inference::ModelInferRequest both = request_of("FP32", {1});
  contents(both).add_fp32_contents(1);
  both.add_raw_input_contents("abcd");
  EXPECT_FALSE(read(both));
}

// Every prefix of a message, and every message with one byte changed, is read or refused and never read beyond its end.
TEST_F(InferMessage, DamagedMessagesAreReadOrRefused) {
  inference::ModelInferRequest request = request_of("INT32", {1, 4});
  for (int i = 0; i < 4; ++i) contents(request).add_int_contents(i * 1000);
  (*request.mutable_parameters())["priority"].set_int64_param(3);
  request.add_outputs()->set_name("y");
  const std::string whole = request.SerializeAsString();
  std::size_t refused = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    InferRequest infer;
    if (!read_infer_message(as_bytes(std::string_view(exact.data(), size)), infer)) ++refused;
  }
  EXPECT_GT(refused, whole.size() / 2);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::vector<char> damaged(whole.begin(), whole.end());
      damaged[at] = static_cast<char>(byte);
      InferRequest infer;
      const Status status = read_infer_message(as_bytes(std::string_view(damaged.data(), damaged.size())), infer);
      EXPECT_TRUE(status || !status.error().message.empty());
    }
  }
}

TEST_F(InferMessage, AnswersAreReadByProtobuf) {
  const std::vector<std::int64_t> shape = {1, 2};
  const std::vector<float> values = {0.25F, 4};
  InferResponse response;
  response.model = "m";
  response.version = "1.0.0";
  response.id = "7";
  response.outputs = {{"y", DataType::kFp32, shape, std::as_bytes(std::span(values)), {}}};
  inference::ModelInferResponse answer;
  ASSERT_TRUE(answer.ParseFromString(write_infer_message(response)));
  EXPECT_EQ(answer.model_name(), "m");
  EXPECT_EQ(answer.id(), "7");
  ASSERT_EQ(answer.outputs_size(), 1);
  EXPECT_EQ(answer.outputs(0).datatype(), "FP32");
  EXPECT_THAT(answer.outputs(0).shape(), ElementsAre(1, 2));
  EXPECT_EQ(answer.raw_output_contents(0), std::string_view(reinterpret_cast<const char*>(values.data()), 8));

  inference::ModelStreamInferResponse streamed;
  ASSERT_TRUE(streamed.ParseFromString(write_stream_failure("it failed", "m", "8")));
  EXPECT_EQ(streamed.error_message(), "it failed");
  EXPECT_EQ(streamed.infer_response().id(), "8");
}

}  // namespace
}  // namespace slipway

#include "protocol/inference/encode.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

#include "protocol/inference/binary_tensor.h"
#include "protocol/inference/fixture_test.h"
#include "protocol/inference/metadata.h"

namespace slipway {
namespace {

using testing::HasSubstr;

// One output over elements that live as long as this.
template <typename T>
struct Output {
  Output(DataType type, std::vector<T> values)
      : elements(std::move(values)), shape{static_cast<std::int64_t>(elements.size())} {
    view = {.name = "y", .type = type, .shape = shape, .data = std::as_bytes(std::span(elements)), .strings = {}};
  }
  std::vector<T> elements;
  std::vector<std::int64_t> shape;
  TensorView view;
};

Result<HttpResponse> encode(const TensorView& output, bool is_binary, std::string_view id = "") {
  InferRequest request;
  request.wants_binary_output = is_binary;
  HttpResponse http;
  const Status status = encode_infer(request, InferResponse{"iris", "1", id, {output}}, http);
  if (!status) return fail(status.error());
  return http;
}

TEST(EncodeInfer, WritesKeysInTritonsOrder) {
  const Output<float> output(DataType::kFp32, {0.1F, 2, -0.0F});
  EXPECT_EQ(
      encode(output.view, false, "7")->body,
      R"({"id":"7","model_name":"iris","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[3],"data":[0.1,2,-0]}]})");
  EXPECT_EQ(encode(output.view, false)->body.find("\"id\""), std::string::npos);
}

TEST(EncodeInfer, SaysThatAnAnswerIsDegraded) {
  const Output<float> output(DataType::kFp32, {1});
  HttpResponse http;
  const InferResponse response{"iris", "1", "", {output.view}, R"(source="rules"; reason="serving.deadline")"};
  ASSERT_TRUE(encode_infer({}, response, http));
  EXPECT_EQ(
      http.body,
      R"({"model_name":"iris","model_version":"1","parameters":{"slipway_degraded":"source=\"rules\"; reason=\"serving.deadline\""},"outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[1]}]})");
  ASSERT_EQ(http.headers.size(), 1U);
  EXPECT_EQ(http.headers[0], std::pair(std::string("slipway-degraded"), std::string(response.degraded)));
}

TEST(EncodeInfer, WritesBinaryOutputsBehindTheirJson) {
  const Output<std::int32_t> output(DataType::kInt32, {1, 2});
  const auto http = encode(output.view, true);
  const std::string json =
      R"({"model_name":"iris","model_version":"1","outputs":[{"name":"y","datatype":"INT32","shape":[2],"parameters":{"binary_data_size":8}}]})";
  EXPECT_EQ(http->content_type, "application/octet-stream");
  ASSERT_EQ(http->headers.size(), 1U);
  EXPECT_EQ(http->headers[0].first, "Inference-Header-Content-Length");
  EXPECT_EQ(http->headers[0].second, std::to_string(json.size()));
  EXPECT_EQ(http->body, json + std::string("\x01\0\0\0\x02\0\0\0", 8));
}

TEST(EncodeInfer, WritesEachOutputAsItWasAskedFor) {
  const Output<std::uint8_t> flags(DataType::kBool, {1, 0});
  TensorView other = flags.view;
  other.name = "z";
  InferRequest request;
  request.outputs = {{"y", true, 0}, {"z", false, 0}};
  HttpResponse http;
  ASSERT_TRUE(encode_infer(request, InferResponse{"m", "1", "", {flags.view, other}}, http));
  EXPECT_THAT(http.body, HasSubstr("\"binary_data_size\":2"));
  EXPECT_THAT(http.body, HasSubstr("\"data\":[true,false]"));
  EXPECT_TRUE(http.body.ends_with(std::string("\x01\0", 2)));
}

TEST(EncodeInfer, RefusesWhatJsonCannotSayAndNamesTheWayOut) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const auto http = encode(Output<float>(DataType::kFp32, {1, bad}).view, false);
    ASSERT_FALSE(http);
    EXPECT_EQ(http.error().reason, "infer.not_json");
    EXPECT_THAT(http.error().message, HasSubstr("binary_data"));
    EXPECT_TRUE(encode(Output<float>(DataType::kFp32, {1, bad}).view, true));
  }
  EXPECT_FALSE(encode(Output<std::uint16_t>(DataType::kFp16, {0x7C00}).view, false));
  EXPECT_FALSE(encode(Output<std::uint16_t>(DataType::kBf16, {0x7FC0}).view, false));
  const std::vector<std::string_view> texts = {"\xFF"};
  const std::vector<std::int64_t> shape = {1};
  EXPECT_FALSE(encode({.name = "y", .type = DataType::kBytes, .shape = shape, .data = {}, .strings = texts}, false));
}

// The request spelling of an encoded output.
std::string as_input(const HttpResponse& http) {
  const std::size_t from = http.body.find("{\"name\"");
  return R"({"inputs":[)" + http.body.substr(from);
}

template <typename T>
void check_round_trip(DataType type, const std::vector<T>& values) {
  const Output<T> output(type, values);
  const auto http = encode(output.view, false);
  RC_ASSERT(http.has_value());
  InferFixture fixture(as_input(*http));
  const Status status = fixture.decode();
  RC_ASSERT(status.has_value());
  RC_ASSERT(elements<T>(fixture.infer.inputs.at(0)) == values);
}

template <typename Float, typename Bits>
std::vector<Float> finite(const std::vector<Bits>& bits) {
  std::vector<Float> out;
  for (const Bits value : bits) {
    const auto number = std::bit_cast<Float>(value);
    if (std::isfinite(number)) out.push_back(number);
  }
  return out;
}

RC_GTEST_PROP(EncodeInfer, IsReadBackExactlyInt8, (const std::vector<std::int8_t>& values)) {
  check_round_trip(DataType::kInt8, values);
}
RC_GTEST_PROP(EncodeInfer, IsReadBackExactlyUint16, (const std::vector<std::uint16_t>& values)) {
  check_round_trip(DataType::kUint16, values);
}
RC_GTEST_PROP(EncodeInfer, IsReadBackExactlyInt64, (const std::vector<std::int64_t>& values)) {
  check_round_trip(DataType::kInt64, values);
}
RC_GTEST_PROP(EncodeInfer, IsReadBackExactlyUint64, (const std::vector<std::uint64_t>& values)) {
  check_round_trip(DataType::kUint64, values);
}
RC_GTEST_PROP(EncodeInfer, IsReadBackExactlyFp32, ()) {
  const auto bits = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, UINT32_MAX));
  check_round_trip(DataType::kFp32, finite<float>(bits));
}
RC_GTEST_PROP(EncodeInfer, IsReadBackExactlyFp64, ()) {
  const auto bits = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, UINT64_MAX));
  check_round_trip(DataType::kFp64, finite<double>(bits));
}

TEST(EncodeInfer, IsReadBackExactlyForEveryHalf) {
  std::vector<std::uint16_t> halves;
  std::vector<std::uint16_t> brains;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto value = static_cast<std::uint16_t>(bits);
    if (std::isfinite(half_to_float(value))) halves.push_back(value);
    if (std::isfinite(bfloat16_to_float(value))) brains.push_back(value);
  }
  for (const auto& [type, values] : {std::pair(DataType::kFp16, halves), std::pair(DataType::kBf16, brains)}) {
    const auto http = encode(Output<std::uint16_t>(type, values).view, false);
    ASSERT_TRUE(http);
    InferFixture fixture(as_input(*http));
    ASSERT_TRUE(fixture.decode());
    EXPECT_EQ(elements<std::uint16_t>(fixture.infer.inputs[0]), values);
  }
}

RC_GTEST_PROP(EncodeInfer, IsReadBackExactlyAsTexts, (const std::vector<std::string>& values)) {
  std::vector<std::string_view> texts;
  for (const std::string& value : values) {
    if (std::all_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
      texts.push_back(value);
  }
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(texts.size())};
  const TensorView view{.name = "y", .type = DataType::kBytes, .shape = shape, .data = {}, .strings = texts};
  InferFixture json(as_input(*encode(view, false)));
  RC_ASSERT(json.decode().has_value());
  RC_ASSERT(
      std::equal(texts.begin(), texts.end(), json.infer.inputs[0].strings.begin(), json.infer.inputs[0].strings.end()));

  std::string binary;
  append_binary(view, binary);
  RC_ASSERT(binary.size() == binary_size(view));
  TensorView back{.name = "y", .type = DataType::kBytes, .shape = shape, .data = {}, .strings = {}};
  Arena arena;
  RC_ASSERT(read_binary_tensor(std::as_bytes(std::span(binary)), texts.size(), back, arena).has_value());
  RC_ASSERT(std::equal(texts.begin(), texts.end(), back.strings.begin(), back.strings.end()));
}

TEST(Metadata, SpellsWhatClientsRead) {
  EXPECT_EQ(live_body(), R"({"live":true})");
  EXPECT_EQ(ready_body(false), R"({"ready":false})");
  EXPECT_EQ(model_ready_body("iris", true), R"({"name":"iris","ready":true})");
  ModelSignature signature;
  signature.inputs = {{.spec = {"x", DataType::kFp32, {-1, 4}}}};
  signature.outputs = {{.spec = {"y", DataType::kInt64, {-1}}}};
  const std::vector<std::string_view> versions = {"1.0.0", "1.1.0"};
  EXPECT_EQ(
      model_metadata_body("iris", versions, "onnxruntime_onnx", signature),
      R"({"name":"iris","versions":["1.0.0","1.1.0"],"platform":"onnxruntime_onnx",)"
      R"("inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}],"outputs":[{"name":"y","datatype":"INT64","shape":[-1]}]})");
  EXPECT_THAT(server_metadata_body(), HasSubstr(R"({"name":"slipway","version":")"));
}

}  // namespace
}  // namespace slipway

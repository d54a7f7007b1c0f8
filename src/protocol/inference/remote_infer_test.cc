#include "protocol/inference/remote_infer.h"

#include <cmath>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "protocol/inference/fixture_test.h"
#include "protocol/inference/remote_metadata.h"

namespace slipway {
namespace {

ModelTensor declared(std::string name, DataType type, std::vector<std::int64_t> shape) {
  return {{std::move(name), type, std::move(shape)}, true, false};
}

const ModelSignature kSignature{
    .inputs = {declared("x", DataType::kFp32, {-1, 2}), declared("t", DataType::kBytes, {-1})},
    .outputs = {declared("y", DataType::kFp32, {-1, 2}), declared("word", DataType::kBytes, {-1})},
    .is_batchable = false};

// An answer, and what its tensors point into.
class Answer {
 public:
  explicit Answer(const std::string& json, const std::string& binary = "") : bytes_(json + binary) {
    bytes_.reserve(bytes_.size() + 64);
    if (!binary.empty()) length_ = std::to_string(json.size());
  }
  Status decode(std::vector<std::uint32_t> wanted = {}) {
    const auto length = length_.empty() ? std::nullopt : std::optional<std::string_view>(length_);
    return decode_remote_infer(as_bytes(bytes_), length, kSignature, wanted, scratch_, outputs);
  }
  std::string message(std::vector<std::uint32_t> wanted = {}) {
    const Status status = decode(std::move(wanted));
    if (status) return "";
    EXPECT_EQ(status.error().reason, "remote.answer");
    EXPECT_EQ(status.error().code, Code::kInternal);
    EXPECT_TRUE(outputs.empty());
    return status.error().message;
  }
  std::vector<TensorView> outputs;

 private:
  std::string bytes_;
  std::string length_;
  InferRequest scratch_;
};

constexpr const char* kWord = R"({"name":"word","datatype":"BYTES","shape":[1],"data":["a"]})";

std::string outputs_json(const std::string& y) { return R"({"outputs":[)" + std::string(kWord) + "," + y + "]}"; }
std::string y_json(const std::string& type, const std::string& shape, const std::string& data) {
  return outputs_json(R"({"name":"y","datatype":")" + type + R"(","shape":)" + shape + R"(,"data":)" + data + "}");
}

TEST(EncodeRemoteInfer, IsWhatTheServerItselfReads) {
  const std::int64_t shape[] = {1, 2};
  const std::int64_t one[] = {1};
  const float numbers[] = {1.5F, -2};
  const std::string_view texts[] = {"a\"b"};
  const TensorView inputs[] = {{"x", DataType::kFp32, shape, std::as_bytes(std::span(numbers)), {}},
                               {"t", DataType::kBytes, one, {}, texts}};
  for (const bool is_binary : {false, true}) {
    const auto request = encode_remote_infer(inputs, kSignature, std::vector<std::uint32_t>{1}, is_binary);
    ASSERT_TRUE(request);
    ASSERT_EQ(request->json_bytes.has_value(), is_binary);
    const std::size_t json_bytes = request->json_bytes.value_or(request->body.size());
    InferFixture fixture(request->body.substr(0, json_bytes), request->body.substr(json_bytes));
    ASSERT_TRUE(fixture.decode());
    ASSERT_EQ(fixture.infer.inputs.size(), 2U);
    EXPECT_EQ(elements<float>(fixture.infer.inputs[0]), (std::vector<float>{1.5F, -2}));
    EXPECT_EQ(fixture.infer.inputs[1].strings[0], "a\"b");
    ASSERT_EQ(fixture.infer.outputs.size(), 1U);
    EXPECT_EQ(fixture.infer.outputs[0].name, "word");
    EXPECT_EQ(fixture.infer.outputs[0].is_binary, is_binary);
  }
}

TEST(EncodeRemoteInfer, RefusesInJsonWhatJsonCannotHold) {
  const std::int64_t shape[] = {1, 2};
  const float numbers[] = {1, std::nanf("")};
  const TensorView inputs[] = {{"x", DataType::kFp32, shape, std::as_bytes(std::span(numbers)), {}}};
  EXPECT_EQ(encode_remote_infer(inputs, kSignature, {}, false).error().reason, "infer.not_json");
  EXPECT_TRUE(encode_remote_infer(inputs, kSignature, {}, true));
}

TEST(DecodeRemoteInfer, GivesTheOutputsInTheOrderOfTheSignature) {
  Answer answer(
      R"({"id":null,"parameters":{"a":{}},"model_name":"m","outputs":[)" + std::string(kWord) +
      R"(,{"name":"y","parameters":{"content_type":"np"},"datatype":"FP32","shape":[1,2],"data":[[1,2.5]]},)" +
      R"({"name":"more","datatype":"BOOL","shape":[1],"data":[true]}]})");
  ASSERT_EQ(answer.message(), "");
  ASSERT_EQ(answer.outputs.size(), 2U);
  EXPECT_EQ(elements<float>(answer.outputs[0]), (std::vector<float>{1, 2.5}));
  EXPECT_EQ(answer.outputs[1].strings[0], "a");
  ASSERT_EQ(answer.message({1}), "");
  ASSERT_EQ(answer.outputs.size(), 1U);
  EXPECT_EQ(answer.outputs[0].name, "word");
}

TEST(DecodeRemoteInfer, ReadsBinaryTensors) {
  const float numbers[] = {1, std::nanf("")};
  std::string binary(as_text(std::as_bytes(std::span(numbers))));
  Answer answer(outputs_json(R"({"name":"y","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}})"),
                binary);
  ASSERT_EQ(answer.message(), "");
  EXPECT_TRUE(std::isnan(elements<float>(answer.outputs[0])[1]));
  EXPECT_NE(Answer(outputs_json(R"({"name":"y","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}})"),
                   binary + "x")
                .message(),
            "");
}

TEST(DecodeRemoteInfer, SaysWhatIsWrongWithTheAnswer) {
  EXPECT_EQ(Answer("{}").message(), "it has no output \"y\", only none");
  EXPECT_EQ(Answer(R"({"outputs":[)" + std::string(kWord) + "]}").message(), "it has no output \"y\", only \"word\"");
  EXPECT_EQ(Answer(y_json("FP64", "[1,2]", "[1,2]")).message(), "output \"y\" is FP64, not FP32");
  EXPECT_EQ(Answer(y_json("FP32", "[2]", "[1,2]")).message(), "output \"y\" has the shape [2], not [-1,2]");
  EXPECT_EQ(Answer(y_json("FP32", "[1,2]", R"([1,"b"])")).message(),
            R"(output "y" element 1: "\"b\"" is not a value of FP32)");
  EXPECT_EQ(Answer(y_json("FP32", "[1,2]", "[1]")).message(),
            "output \"y\": the data does not have the elements of the shape [1,2]");
  EXPECT_EQ(Answer(R"({"outputs":[{"name":"y"}]})").message(), "outputs[0] has no \"datatype\"");
  EXPECT_EQ(Answer("rows").message().find("the answer is not"), 0U);
}

TEST(RemoteMetadata, OfAServer) {
  const auto server = parse_server_metadata(
      R"({"name":"triton","version":"2.60.0","extensions":["binary_tensor_data"]})" + std::string(64, ' '));
  ASSERT_TRUE(server);
  EXPECT_EQ(server->name, "triton");
  EXPECT_TRUE(server->has_binary_tensors());
  const auto bare = parse_server_metadata(R"({"name":"mlserver","extensions":[]})" + std::string(64, ' '));
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->has_binary_tensors());
}

TEST(RemoteMetadata, OfAModel) {
  const auto model = parse_model_metadata(
      R"({"name":"m","versions":["1"],"platform":"","inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],)"
      R"("outputs":[{"name":"y","datatype":"BYTES","shape":[-1],"parameters":{"a":1}}],"parameters":null})" +
      std::string(64, ' '));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->inputs, (std::vector<TensorSpec>{{"x", DataType::kFp32, {-1, 2}}}));
  EXPECT_EQ(model->outputs, (std::vector<TensorSpec>{{"y", DataType::kBytes, {-1}}}));
  EXPECT_EQ(model->versions, std::vector<std::string>{"1"});
  for (const char* text :
       {"", "[]", "{\"inputs\":1}", R"({"inputs":[{}]})", R"({"inputs":[{"name":"x","datatype":"FP31","shape":[1]}]})",
        R"({"inputs":[{"name":"x","datatype":"FP32","shape":[-2]}]})",
        R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1]},)"
        R"({"name":"x","datatype":"FP32","shape":[1]}]})"}) {
    const auto bad = parse_model_metadata(text + std::string(64, ' '));
    ASSERT_FALSE(bad) << text;
    EXPECT_EQ(bad.error().reason, "remote.answer") << text;
  }
}

TEST(RemoteErrorText, IsFoundWhereServersPutIt) {
  const std::string padding(64, ' ');
  EXPECT_EQ(remote_error_text(R"({"error":"no such model"})" + padding), "no such model");
  EXPECT_EQ(remote_error_text(R"({"error":{"code":1,"message":"too large"}})" + padding), "too large");
  EXPECT_EQ(remote_error_text(R"({"detail":"Not Found"})" + padding), "Not Found");
  EXPECT_EQ(remote_error_text("<html>" + padding), "");
}

}  // namespace
}  // namespace slipway

#include "serving/remote_target.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(RemoteDescription, IsReadWithItsTensors) {
  const auto found = parse_remote_description(R"(
url: https://mlserver.example/serving/
model: risk
version: "3"
timeout: 250ms
key: {environment: SLIPWAY_REMOTE_KEY}
inputs:
  - {name: amount, datatype: FP32, shape: [-1, 4]}
  - {name: word, datatype: BYTES, shape: [-1]}
outputs: [{name: risk, datatype: INT64, shape: []}]
)");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->target,
            (RemoteTarget{"https://mlserver.example/serving", "risk", "3", std::chrono::milliseconds(250),
                          RemoteKey{RemoteKey::Source::kEnvironment, "SLIPWAY_REMOTE_KEY"}}));
  EXPECT_EQ(found->inputs,
            (std::vector<TensorSpec>{{"amount", DataType::kFp32, {-1, 4}}, {"word", DataType::kBytes, {-1}}}));
  EXPECT_EQ(found->outputs, (std::vector<TensorSpec>{{"risk", DataType::kInt64, {}}}));
}

TEST(RemoteDescription, IsRefusedWithTheReason) {
  const auto reason_of = [](const std::string& more) {
    const auto found = parse_remote_description("url: http://a\nmodel: b\n" + more);
    return found ? "" : found.error().reason;
  };
  EXPECT_EQ(reason_of(""), "");
  EXPECT_EQ(reason_of("verison: 1"), "remote.unknown_key");
  EXPECT_EQ(reason_of("inputs: [{name: x}]"), "remote.missing_key");
  EXPECT_EQ(reason_of("inputs: [{name: x, datatype: FP31, shape: [1]}]"), "remote.bad_value");
  EXPECT_EQ(reason_of("inputs: [{name: x, datatype: FP32, shape: [-2]}]"), "remote.bad_value");
  EXPECT_EQ(reason_of("inputs: [{name: x, datatype: FP32, shape: [1.5]}]"), "remote.bad_value");
  EXPECT_EQ(reason_of("inputs: [{name: x, datatype: FP32, shape: [a]}]"), "remote.bad_value");
  const std::string tensor = "{name: x, datatype: FP32, shape: [1]}";
  EXPECT_EQ(reason_of("outputs: [" + tensor + ", " + tensor + "]"), "remote.bad_value");
  EXPECT_EQ(parse_remote_description("model: b").error().reason, "remote.missing_key");
  EXPECT_EQ(parse_remote_description("[").error().reason, "remote.syntax");
}

}  // namespace
}  // namespace slipway

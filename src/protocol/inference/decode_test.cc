#include "protocol/inference/decode.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "protocol/inference/fixture_test.h"
#include "protocol/inference/round.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(DecodeInfer, ReadsWhatTheProtocolNames) {
  InferFixture fixture(
      R"({"id":"42","parameters":{"timeout":1000,"priority":2,"unit":"user-7","custom":"x","binary_data_output":true},
    "inputs":[{"name":"a","shape":[2,2],"datatype":"INT32","data":[1,2,3,4]},{"name":"b","shape":[1],"datatype":"BYTES","data":["x"]}],
    "outputs":[{"name":"y"},{"name":"z","parameters":{"binary_data":false}}], "model_name":"ignored"})");
  ASSERT_TRUE(fixture.decode()) << fixture.decode().error().message;
  const InferRequest& infer = fixture.infer;
  EXPECT_EQ(infer.model, "iris");
  EXPECT_EQ(infer.id, "42");
  EXPECT_EQ(infer.timeout_us, 1000U);
  EXPECT_EQ(infer.priority, 2U);
  EXPECT_EQ(infer.unit, "user-7");
  ASSERT_EQ(infer.inputs.size(), 2U);
  EXPECT_EQ(infer.inputs[0].name, "a");
  EXPECT_THAT(infer.inputs[0].shape, ElementsAre(2, 2));
  EXPECT_THAT(elements<std::int32_t>(infer.inputs[0]), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(infer.inputs[1].strings, ElementsAre("x"));
  ASSERT_EQ(infer.outputs.size(), 2U);
  EXPECT_TRUE(infer.outputs[0].is_binary);
  EXPECT_FALSE(infer.outputs[1].is_binary);
}

TEST(DecodeInfer, AlignsTensorsOfJsonTo64Bytes) {
  InferFixture fixture(
      R"({"inputs":[{"name":"a","shape":[1],"datatype":"INT8","data":[1]},{"name":"b","shape":[1],"datatype":"FP64","data":[1]}]})");
  ASSERT_TRUE(fixture.decode());
  for (const TensorView& tensor : fixture.infer.inputs)
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data.data()) % 64, 0U);
}

TEST(DecodeInfer, ReadsNestedDataAsFlat) {
  InferFixture fixture(one_input("FP32", "[2,1,3]", "[[[1,2,3]],[[4,5,6.5]]]"));
  ASSERT_TRUE(fixture.decode());
  EXPECT_THAT(elements<float>(fixture.infer.inputs[0]), ElementsAre(1, 2, 3, 4, 5, 6.5F));
}

TEST(DecodeInfer, RefusesDataThatDoesNotFillItsShape) {
  for (const std::string_view data : {"[1,2,3]", "[1,2,3,4,5]", "[[1,2],[3]]", "[[1,2]]", "[[1,2],[3,4],[5,6]]",
                                      "[[1,2],3,4]", "[1,2,[3,4]]", "[[[1],[2]],[[3],[4]]]", "[]"}) {
    InferFixture fixture(one_input("INT32", "[2,2]", data));
    EXPECT_THAT(fixture.reason(), testing::AnyOf("infer.shape_mismatch", "infer.bad_element")) << data;
  }
}

TEST(DecodeInfer, TakesEmptyTensorsAndScalars) {
  EXPECT_EQ(InferFixture(one_input("FP32", "[0,4]", "[]")).reason(), "");
  EXPECT_EQ(InferFixture(one_input("FP32", "[2,0]", "[[],[]]")).reason(), "");
  InferFixture scalar(one_input("FP32", "[]", "[7]"));
  ASSERT_TRUE(scalar.decode());
  EXPECT_THAT(elements<float>(scalar.infer.inputs[0]), ElementsAre(7));
}

TEST(DecodeInfer, TakesDataBeforeItsShape) {
  InferFixture fixture(
      R"({"inputs":[{"data":[[1],[2]],"datatype":"UINT8","shape":[2,1],"name":"x"},{"data":["a\n"],"name":"y","shape":[1],"datatype":"BYTES"}]})");
  ASSERT_TRUE(fixture.decode());
  EXPECT_THAT(elements<std::uint8_t>(fixture.infer.inputs[0]), ElementsAre(1, 2));
  EXPECT_THAT(fixture.infer.inputs[1].strings, ElementsAre("a\n"));
}

struct Limits {
  const char* type;
  const char* good;
  std::vector<const char*> bad;
};

TEST(DecodeInfer, HoldsEachTypeToItsRange) {
  const std::vector<Limits> table = {
      {"BOOL", "[true,false,1,0]", {"2", "-1", "\"true\"", "1.0", "null"}},
      {"UINT8", "[0,255]", {"256", "-1", "1.0", "1e1", "true", "\"1\""}},
      {"UINT16", "[0,65535]", {"65536", "-1"}},
      {"UINT32", "[0,4294967295]", {"4294967296", "-1"}},
      {"UINT64", "[0,18446744073709551615]", {"18446744073709551616", "-1"}},
      {"INT8", "[-128,127]", {"128", "-129"}},
      {"INT16", "[-32768,32767]", {"32768", "-32769"}},
      {"INT32", "[-2147483648,2147483647]", {"2147483648", "-2147483649"}},
      {"INT64", "[-9223372036854775808,9223372036854775807]", {"9223372036854775808", "-9223372036854775809"}},
      {"FP16", "[65504,-65504,0.1]", {"65520", "1e10", "\"1\""}},
      {"BF16", "[3.3e38,0.1]", {"3.4e38", "1e39"}},
      {"FP32", "[3.4028234e38,1e-46,-0.0]", {"3.41e38", "1e39", "\"1\"", "null", "true"}},
      {"FP64", "[1.7976931348623157e308,5e-324]", {"1e309", "\"1\""}},
      {"BYTES", "[\"\",\"x\"]", {"1", "null", "true"}},
  };
  for (const Limits& row : table) {
    const auto count = std::count(row.good, row.good + std::strlen(row.good), ',') + 1;
    InferFixture good(one_input(row.type, "[" + std::to_string(count) + "]", row.good));
    EXPECT_EQ(good.reason(), "") << row.type;
    for (const char* bad : row.bad) {
      InferFixture fixture(
          one_input(row.type, "[2]",
                    std::string("[") + (std::string_view(row.type) == "BYTES" ? "\"\"" : "1") + "," + bad + "]"));
      const Status status = fixture.decode();
      ASSERT_FALSE(status) << row.type << " " << bad;
      EXPECT_EQ(status.error().reason, "infer.bad_element") << row.type << " " << bad;
      EXPECT_THAT(status.error().message, HasSubstr("\"x\" element 1")) << bad;
    }
  }
}

TEST(DecodeInfer, KeepsIntegersOf64BitsExact) {
  InferFixture fixture(one_input("INT64", "[2]", "[9007199254740993,-9223372036854775808]"));
  ASSERT_TRUE(fixture.decode());
  EXPECT_THAT(elements<std::int64_t>(fixture.infer.inputs[0]),
              ElementsAre(9007199254740993, std::numeric_limits<std::int64_t>::min()));
}

// 1 + 2^-24 is the middle of two floats; a little above it must round up, though as a double it is that middle.
TEST(DecodeInfer, RoundsDecimalsToFloatsOnce) {
  InferFixture fixture(
      one_input("FP32", "[3]", "[1.00000005960464477539062500000001,1.000000059604644775390625,1e-45]"));
  ASSERT_TRUE(fixture.decode());
  EXPECT_THAT(elements<float>(fixture.infer.inputs[0]),
              ElementsAre(std::nextafter(1.0F, 2.0F), 1.0F, std::numeric_limits<float>::denorm_min()));
}

// IEEE 754 half: 1 + 2^-11 is a tie and goes to even; 2^-25 is the tie below the least subnormal.
TEST(DecodeInfer, RoundsHalvesToNearestEven) {
  EXPECT_EQ(round_to_half(1.0 + std::ldexp(1, -11)), 0x3C00);
  EXPECT_EQ(round_to_half(1.0 + std::ldexp(3, -11)), 0x3C02);
  EXPECT_EQ(round_to_half(std::ldexp(1, -24)), 0x0001);
  EXPECT_EQ(round_to_half(std::ldexp(1, -25)), 0x0000);
  EXPECT_EQ(round_to_half(-65519.9), 0xFBFF);
  EXPECT_EQ(round_to_half(65520), std::nullopt);
  EXPECT_EQ(round_to_bfloat16(1.0), 0x3F80);
  EXPECT_EQ(round_to_bfloat16(1.0 + std::ldexp(1, -8)), 0x3F80);
  EXPECT_EQ(round_to_bfloat16(1.0 + std::ldexp(3, -8)), 0x3F82);
}

TEST(DecodeInfer, ReadsTextsOfEverySpelling) {
  InferFixture fixture(one_input("BYTES", "[5]", R"(["", "plain", "Grüße 😀", "\u00e9\ud83d\ude00", "\"q\"\\"])"));
  ASSERT_TRUE(fixture.decode());
  EXPECT_THAT(fixture.infer.inputs[0].strings, ElementsAre("", "plain", "Grüße 😀", "é😀", "\"q\"\\"));
}

TEST(DecodeInfer, ReadsBinaryTensorsInPlace) {
  const std::int32_t numbers[2] = {7, -7};
  std::string binary(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  binary += std::string("\x02\0\0\0ab\0\0\0\0", 10);
  InferFixture fixture(R"({"inputs":[{"name":"x","shape":[2],"datatype":"INT32","parameters":{"binary_data_size":8}},
    {"name":"s","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":10}}]})",
                       binary);
  ASSERT_TRUE(fixture.decode()) << fixture.decode().error().message;
  EXPECT_THAT(elements<std::int32_t>(fixture.infer.inputs[0]), ElementsAre(7, -7));
  EXPECT_GE(fixture.infer.inputs[0].data.data(), fixture.http.body.data());
  EXPECT_LT(fixture.infer.inputs[0].data.data(), fixture.http.body.data() + fixture.http.body.size());
  EXPECT_THAT(fixture.infer.inputs[1].strings, ElementsAre("ab", ""));
}

TEST(DecodeInfer, MixesBinaryAndJsonInputs) {
  InferFixture fixture(
      R"({"inputs":[{"name":"x","shape":[1],"datatype":"UINT8","data":[9]},{"name":"y","shape":[1],"datatype":"BOOL","parameters":{"binary_data_size":1}}]})",
      std::string_view("\x01", 1));
  ASSERT_TRUE(fixture.decode());
  EXPECT_THAT(elements<std::uint8_t>(fixture.infer.inputs[0]), ElementsAre(9));
  EXPECT_THAT(elements<std::uint8_t>(fixture.infer.inputs[1]), ElementsAre(1));
}

TEST(DecodeInfer, IsReusedWithoutMixingRequests) {
  InferRequest infer;
  for (int i = 0; i < 3; ++i) {
    InferFixture fixture(one_input("INT32", "[1]", "[" + std::to_string(i) + "]"));
    ASSERT_TRUE(decode_infer(fixture.http, infer));
    ASSERT_EQ(infer.inputs.size(), 1U);
    EXPECT_THAT(elements<std::int32_t>(infer.inputs[0]), ElementsAre(i));
  }
}

TEST(DecodeInfer, TakesTheUnitFromItsHeader) {
  InferFixture fixture(one_input("INT32", "[1]", "[1]"));
  fixture.http.headers.emplace_back("slipway-unit", "user-9");
  ASSERT_TRUE(fixture.decode());
  EXPECT_EQ(fixture.infer.unit, "user-9");
}

}  // namespace
}  // namespace slipway

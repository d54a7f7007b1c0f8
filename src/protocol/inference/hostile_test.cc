// Hostile infer requests: each is refused with a reason, none is crashed on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/inference/fixture_test.h"

namespace slipway {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

struct Hostile {
  std::string name;
  std::string json;
  std::string reason;
};

TEST(HostileInfer, IsRefusedWithItsReason) {
  const std::string input = R"({"name":"x","shape":[1],"datatype":"INT32","data":[1]})";
  const std::string inputs = R"("inputs":[)" + input + "]";
  const std::vector<Hostile> table = {
      {"empty body", "", "infer.bad_json"},
      {"white space", "   ", "infer.bad_json"},
      {"no object", "[]", "infer.wrong_type"},
      {"number", "1", "infer.wrong_type"},
      {"no inputs", "{}", "infer.no_inputs"},
      {"inputs is no array", R"({"inputs":{}})", "infer.wrong_type"},
      {"input is no object", R"({"inputs":[1]})", "infer.wrong_type"},
      {"2^63 dimension", one_input("INT32", "[9223372036854775808]", "[1]"), "infer.bad_shape"},
      {"2^63-1 dimension", one_input("INT32", "[9223372036854775807]", "[1]"), "infer.bad_shape"},
      {"2^62 elements", one_input("INT32", "[4611686018427387904]", "[1]"), "infer.shape_mismatch"},
      {"product overflows", one_input("INT32", "[4294967296,4294967296]", "[1]"), "infer.bad_shape"},
      {"product overflows to 0", one_input("INT32", "[4294967296,4294967296,4294967296,4294967296]", "[]"),
       "infer.bad_shape"},
      {"many elements", one_input("FP64", "[1000000000]", "[1]"), "infer.shape_mismatch"},
      {"negative dimension", one_input("INT32", "[-1]", "[1]"), "infer.bad_shape"},
      {"fraction dimension", one_input("INT32", "[1.5]", "[1]"), "infer.bad_shape"},
      {"text dimension", one_input("INT32", "[\"1\"]", "[1]"), "infer.bad_shape"},
      {"shape is no array", one_input("INT32", "1", "[1]"), "infer.wrong_type"},
      {"33 dimensions", one_input("INT32", "[" + repeated("1,", 32) + "1]", "[1]"), "infer.bad_shape"},
      {"deep data", one_input("INT32", "[1]", repeated("[", 250'000) + repeated("]", 250'000)), "infer.bad_element"},
      {"deep data before shape",
       R"({"inputs":[{"data":)" + repeated("[", 250'000) + repeated("]", 250'000) +
           R"(,"name":"x","shape":[1],"datatype":"INT32"}]})",
       "infer.bad_element"},
      {"deep unknown key", R"({"x":)" + repeated("[", 250'000) + repeated("]", 250'000) + "," + inputs + "}",
       "infer.too_deep"},
      {"deep unknown objects", R"({"x":)" + repeated("{\"a\":", 250'000) + "1" + repeated("}", 250'000) + "}",
       "infer.too_deep"},
      {"deep parameter", R"({"parameters":{"p":)" + repeated("[", 250'000) + repeated("]", 250'000) + "}}",
       "infer.too_deep"},
      {"unclosed deep", repeated("[", 250'000), "infer.wrong_type"},
      {"duplicate root key", "{" + inputs + "," + inputs + "}", "infer.duplicate_key"},
      {"duplicate unknown key", R"({"a":1,"a":2,)" + inputs + "}", "infer.duplicate_key"},
      {"duplicate escaped key", R"({"id":"1","\u0069d":"2",)" + inputs + "}", "infer.duplicate_key"},
      {"duplicate input key", R"({"inputs":[{"name":"x","name":"y","shape":[1],"datatype":"INT32","data":[1]}]})",
       "infer.duplicate_key"},
      {"duplicate parameter", R"({"parameters":{"timeout":1,"timeout":2},)" + inputs + "}", "infer.duplicate_key"},
      {"duplicate input", R"({"inputs":[)" + input + "," + input + "]}", "infer.duplicate_input"},
      {"duplicate output", "{" + inputs + R"(,"outputs":[{"name":"y"},{"name":"y"}]})", "infer.duplicate_output"},
      {"65 keys",
       "{" +
           [] {
             std::string keys;
             for (int i = 0; i < 65; ++i) keys += "\"k" + std::to_string(i) + "\":1,";
             return keys;
           }() +
           inputs + "}",
       "infer.too_many_keys"},
      {"many inputs",
       R"({"inputs":[)" +
           [] {
             std::string all;
             for (int i = 0; i < 300; ++i)
               all += std::string(i ? "," : "") + R"({"name":"x)" + std::to_string(i) +
                      R"(","shape":[0],"datatype":"INT8","data":[]})";
             return all;
           }() +
           "]}",
       "infer.too_many_tensors"},
      {"NaN", one_input("FP32", "[1]", "[NaN]"), "infer.bad_element"},
      {"nan", one_input("FP32", "[1]", "[nan]"), "infer.bad_element"},
      {"Infinity", one_input("FP64", "[1]", "[Infinity]"), "infer.bad_element"},
      {"-Infinity", one_input("FP32", "[1]", "[-Infinity]"), "infer.bad_element"},
      {"inf", one_input("FP32", "[1]", "[inf]"), "infer.bad_element"},
      {"leading zero", one_input("FP32", "[1]", "[01]"), "infer.bad_element"},
      {"leading zero integer", one_input("INT32", "[1]", "[01]"), "infer.bad_element"},
      {"plus", one_input("INT32", "[1]", "[+1]"), "infer.bad_element"},
      {"dot first", one_input("FP32", "[1]", "[.5]"), "infer.bad_element"},
      {"dot last", one_input("FP32", "[1]", "[1.]"), "infer.bad_element"},
      {"hexadecimal", one_input("INT32", "[1]", "[0x10]"), "infer.bad_element"},
      {"two dots", one_input("FP32", "[1]", "[1.2.3]"), "infer.bad_element"},
      {"two dots in an unknown key", R"({"a":1.2.3,)" + inputs + "}", "infer.bad_json"},
      {"bad literal in an unknown key", R"({"a":nul,)" + inputs + "}", "infer.wrong_type"},
      {"control character behind null", R"({"a":null)" + std::string(1, '\x01') + "," + inputs + "}",
       "infer.wrong_type"},
      {"control character behind a text", R"({"id":"a")" + std::string(1, '\x01') + "," + inputs + "}",
       "infer.bad_json"},
      {"key in an array", one_input("BYTES", "[2]", R"(["a":[2],"b"])"), "infer.bad_json"},
      {"key in late data", R"({"inputs":[{"data":[["a":[2],"b"]],"name":"x","shape":[1,2],"datatype":"BYTES"}]})",
       "infer.bad_json"},
      {"bad escape in an unknown key", R"({"a":"\q",)" + inputs + "}", "infer.bad_json"},
      {"trailing comma", one_input("INT32", "[1]", "[1,]"), "infer.shape_mismatch"},
      {"trailing garbage", "{" + inputs + "} x", "infer.bad_json"},
      {"second document", "{" + inputs + "}{}", "infer.bad_json"},
      {"trailing brace", "{" + inputs + "}}", "infer.bad_json"},
      {"missing brace", "{" + inputs, "infer.bad_json"},
      {"missing comma", R"({"id":"1" )" + inputs + "}", "infer.bad_json"},
      {"missing colon", R"({"id" "1",)" + inputs + "}", "infer.bad_json"},
      {"single quotes", "{'inputs':[]}", "infer.bad_json"},
      {"comment", "{/* */" + inputs + "}", "infer.bad_json"},
      {"NUL after", "{" + inputs + "}" + std::string(1, '\0'), "infer.bad_json"},
      {"bad UTF-8", R"({"id":")" + std::string("\xC0\xAF") + R"(",)" + inputs + "}", "infer.bad_json"},
      {"lone surrogate", one_input("BYTES", "[1]", R"(["\ud800"])"), "infer.bad_element"},
      {"control character", one_input("BYTES", "[1]", "[\"\x01\"]"), "infer.bad_json"},
      {"unclosed string", R"({"inputs":[{"name":"x)", "infer.bad_json"},
      {"id is a number", R"({"id":1,)" + inputs + "}", "infer.wrong_type"},
      {"long id", R"({"id":")" + std::string(2000, 'x') + R"(",)" + inputs + "}", "infer.name_bytes_max"},
      {"long name", R"({"inputs":[{"name":")" + std::string(2000, 'x') + R"("}]})", "infer.name_bytes_max"},
      {"no name", R"({"inputs":[{"shape":[1],"datatype":"INT32","data":[1]}]})", "infer.no_name"},
      {"no shape", R"({"inputs":[{"name":"x","datatype":"INT32","data":[1]}]})", "infer.no_shape"},
      {"no datatype", R"({"inputs":[{"name":"x","shape":[1],"data":[1]}]})", "infer.no_datatype"},
      {"no data", R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT32"}]})", "infer.data"},
      {"unknown datatype", one_input("FLOAT", "[1]", "[1]"), "infer.datatype"},
      {"lower-case datatype", one_input("fp32", "[1]", "[1]"), "infer.datatype"},
      {"data is text", one_input("INT32", "[1]", "\"AAAA\""), "infer.wrong_type"},
      {"data and binary",
       R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT32","data":[1],"parameters":{"binary_data_size":4}}]})",
       "infer.data"},
      {"binary without header",
       R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT32","parameters":{"binary_data_size":4}}]})",
       "infer.binary_size"},
      {"negative binary size",
       R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT32","parameters":{"binary_data_size":-4}}]})",
       "infer.wrong_type"},
      {"huge binary size",
       R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT32","parameters":{"binary_data_size":18446744073709551615}}]})",
       "infer.binary_size"},
      {"sequence", R"({"parameters":{"sequence_id":1},)" + inputs + "}", "infer.sequence"},
      {"classification", "{" + inputs + R"(,"outputs":[{"name":"y","parameters":{"classification":-3}}]})",
       "infer.wrong_type"},
      {"shared memory",
       R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT32","parameters":{"shared_memory_region":"r"}}]})",
       "infer.shared_memory"},
      {"negative timeout", R"({"parameters":{"timeout":-1},)" + inputs + "}", "infer.wrong_type"},
  };
  for (const Hostile& row : table) {
    InferFixture fixture(row.json);
    const Status status = fixture.decode();
    ASSERT_FALSE(status) << row.name;
    EXPECT_EQ(status.error().reason, row.reason) << row.name << ": " << status.error().message;
    EXPECT_FALSE(status.error().message.empty());
    EXPECT_LT(status.error().message.size(), 500U) << row.name;
  }
}

TEST(HostileInfer, RefusesWrongMeasuresOfItsJson) {
  const std::string json =
      R"({"inputs":[{"name":"x","shape":[2],"datatype":"INT32","parameters":{"binary_data_size":8}}]})";
  const std::string binary(8, '\x01');
  struct Row {
    std::string length;
    std::string reason;
  };
  const std::string right = std::to_string(json.size());
  const std::vector<Row> table = {{right, ""},
                                  {std::to_string(json.size() - 1), "infer.bad_json"},
                                  {std::to_string(json.size() + 1), "infer.bad_json"},
                                  {std::to_string(json.size() + 8), "infer.bad_json"},
                                  {std::to_string(json.size() + 9), "infer.header_length"},
                                  {"0", "infer.bad_json"},
                                  {"", "infer.header_length"},
                                  {"-1", "infer.header_length"},
                                  {"+" + right, "infer.header_length"},
                                  {right + "x", "infer.header_length"},
                                  {"0x10", "infer.header_length"},
                                  {"1.5", "infer.header_length"},
                                  {"99999999999999999999", "infer.header_length"}};
  for (const Row& row : table) {
    InferFixture fixture(json, binary);
    fixture.set_length(row.length);
    EXPECT_EQ(fixture.reason(), row.reason) << row.length;
  }
  InferFixture without(json, binary);
  without.http.headers.clear();
  const Status status = without.decode();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "infer.bad_json");
  EXPECT_THAT(status.error().message, testing::HasSubstr("Inference-Header-Content-Length"));
}

TEST(HostileInfer, RefusesBinaryDataThatIsNotItsTensor) {
  struct Row {
    std::string type;
    std::string shape;
    std::string binary;
    std::string reason;
  };
  const std::vector<Row> table = {
      {"INT32", "[2]", std::string(7, 'x'), "infer.binary_size"},
      {"INT32", "[2]", std::string(9, 'x'), "infer.binary_size"},
      {"INT32", "[2]", std::string(12, 'x'), "infer.binary_size"},
      {"INT32", "[4611686018427387904]", "1234", "infer.binary_size"},
      {"INT32", "[4294967296,4294967296]", "1234", "infer.bad_shape"},
      {"BOOL", "[2]", "\x01\x02", "infer.bad_element"},
      {"BYTES", "[1]", std::string("\x05\0\0\0abc", 7), "infer.binary_size"},
      {"BYTES", "[1]",
       std::string("\xFF\xFF\xFF\xFF"
                   "abc",
                   7),
       "infer.binary_size"},
      {"BYTES", "[2]", std::string("\x01\0\0\0a", 5), "infer.binary_size"},
      {"BYTES", "[1]", std::string("\x01\0\0\0ab", 6), "infer.binary_size"},
      {"BYTES", "[4611686018427387904]", std::string("\x01\0\0\0a", 5), "infer.binary_size"},
  };
  for (const Row& row : table) {
    InferFixture fixture(R"({"inputs":[{"name":"x","shape":)" + row.shape + R"(,"datatype":")" + row.type +
                             R"(","parameters":{"binary_data_size":)" + std::to_string(row.binary.size()) + "}}]}",
                         row.binary);
    EXPECT_EQ(fixture.reason(), row.reason) << row.type << row.shape;
  }
  InferFixture left_over(
      R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT8","parameters":{"binary_data_size":1}}]})", "12");
  EXPECT_EQ(left_over.reason(), "infer.binary_size");
}

TEST(HostileInfer, RefusesEveryTruncationOfAGoodRequest) {
  const std::string json =
      R"({"id":"1","inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1.5,2.5]}],"outputs":[{"name":"y"}]})";
  ASSERT_EQ(InferFixture(json).reason(), "");
  for (std::size_t size = 0; size < json.size(); ++size) {
    EXPECT_NE(InferFixture(std::string_view(json).substr(0, size)).reason(), "") << size;
  }
}

}  // namespace
}  // namespace slipway

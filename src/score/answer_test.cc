#include "score/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::score {
namespace {

using testing::ElementsAre;

const std::vector<RowTensor> kPlan = {row_tensor({"word", DataType::kBytes, {-1}}, true),
                                      row_tensor({"n", DataType::kInt16, {-1, 2}}, true)};
const std::string kTexts("\x02\0\0\0ab\0\0\0\0", 10);
const std::string kNumbers("\x01\0\x02\0\xFF\xFF\x04\0", 8);

// The outputs stand in another order than in the plan, and one more is there.
std::string outputs(std::string_view n_shape = "[2,2]", std::string_view n_bytes = "8") {
  return R"("outputs":[{"name":"n","datatype":"INT16","shape":)" + std::string(n_shape) +
         R"(,"parameters":{"binary_data_size":)" + std::string(n_bytes) + R"(}},)" +
         R"({"name":"more","datatype":"BOOL","shape":[1],"parameters":{"binary_data_size":1}},)" +
         R"({"name":"word","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":10}}])";
}

Result<Answer> read(const std::string& members, const std::string& tensors) {
  const std::string json = R"({"model_name":"m","model_version":"1.0.0",)" + members + "}";
  return read_answer({json + tensors, json.size()}, kPlan, "1.0.0", 2);
}

TEST(Answer, OutputsStandInTheOrderOfThePlan) {
  const auto answer = read(outputs(), kNumbers + "\x01" + kTexts);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_THAT(answer->outputs[0].strings, ElementsAre("ab", ""));
  EXPECT_EQ(element_at(answer->outputs[1], 2).signed_number, -1);
  const RowValues second = row_values(kPlan[1], answer->outputs[1], 1);
  EXPECT_EQ(second.first, 2u);
  EXPECT_EQ(second.count, 2u);
  EXPECT_THAT(second.shape, ElementsAre(2));
}

TEST(Answer, WhatCannotBeTrueIsRefused) {
  const std::string tensors = kNumbers + "\x01" + kTexts;
  for (const auto& [members, bytes] : std::vector<std::pair<std::string, std::string>>{
           {outputs("[1,2]", "4"), tensors},                                          // a row is missing
           {outputs("[2,3]"), tensors},                                               // more values than bytes
           {outputs("[2,1]", "4"), tensors},                                          // another width than declared
           {outputs("[4]"), tensors},                                                 // another rank
           {outputs("[2,-2]"), tensors},                                              // no shape
           {outputs("[2,2]", "80"), tensors},                                         // beyond the body
           {outputs(), kNumbers + "\x01" + std::string("\x09\0\0\0ab\0\0\0\0", 10)},  // a text beyond its tensor
           {R"("outputs":[])", ""},
           {R"("error":"?")", ""},
       }) {
    const auto answer = read(members, bytes);
    ASSERT_FALSE(answer) << members;
    EXPECT_EQ(answer.error().reason, "score.bad_answer") << members;
  }
  EXPECT_EQ(read_answer({"{}", 0}, kPlan, "1.0.0", 2).error().reason, "score.bad_answer");
  EXPECT_EQ(read_answer({"{}", 3}, kPlan, "1.0.0", 2).error().reason, "score.bad_answer");
}

}  // namespace
}  // namespace slipway::score

#include "score/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "score/test_file_test.h"

namespace slipway::score {
namespace {

using testing::HasSubstr;
using testing::Not;

Checkpoint sample() { return {"1.0.0", {{"--keep", "id"}, {"the endpoint", "Grüße \"1\""}}, {17, 3}, {2, 1}, 90, 44}; }

TEST(Checkpoint, IsReadAsItWasWritten) {
  const TestFiles files;
  ASSERT_TRUE(write_checkpoint(files.path("c"), sample()));
  const auto found = read_checkpoint(files.path("c"));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(**found, sample());
  EXPECT_FALSE(files.has("c.new"));
  const auto absent = read_checkpoint(files.path("absent"));
  ASSERT_TRUE(absent);
  EXPECT_FALSE(absent->has_value());
}

TEST(Checkpoint, DamageIsNoBegin) {
  const TestFiles files;
  const std::string whole = to_json(sample());
  for (const std::string& text : {std::string(), whole.substr(0, whole.size() / 2), std::string("{\"format\":1}"),
                                  "{\"format\":2" + whole.substr(11)}) {
    const auto found = read_checkpoint(files.write("c", text));
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().reason, "score.bad_checkpoint");
  }
}

TEST(Checkpoint, NamesEachDifference) {
  Identity now = sample().identity;
  EXPECT_TRUE(check_same(sample(), now, "c"));
  now[0].second = "all";
  now.emplace_back("--rows", "5");
  const Status changed = check_same(sample(), now, "c");
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().reason, "score.changed");
  EXPECT_THAT(changed.error().message, HasSubstr(R"(--keep was "id" and is "all"; --rows was "" and is "5")"));
  EXPECT_THAT(changed.error().message, Not(HasSubstr("endpoint")));
}

}  // namespace
}  // namespace slipway::score

#include "data/nearest.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

// Distances worked by hand from the definition (restricted Damerau-Levenshtein).
TEST(EditDistance, CountsInsertsDeletesReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("requierd", "required"), 1);
  EXPECT_EQ(edit_distance("ca", "abc"), 3);
  EXPECT_EQ(edit_distance("MinLength", "minlength"), 0);
}

TEST(Nearest, NamesTheMistypedWordOrNone) {
  constexpr std::string_view kWords[] = {"minimum", "maximum", "pattern"};
  EXPECT_EQ(nearest("minimun", kWords), "minimum");
  EXPECT_EQ(nearest("Pattern", kWords), "pattern");
  EXPECT_EQ(nearest("colour", kWords), "");
  EXPECT_EQ(nearest("", kWords), "");
}

}  // namespace
}  // namespace slipway

#include "reproduce/compare.h"

#include <cmath>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace slipway::reproduce {
namespace {

Tolerance relative(double bound) {
  Tolerance tolerance;
  tolerance.standard.relative = bound;
  return tolerance;
}

// numpy.save() of version 1.0 writes the header so, padded to a multiple of 64 bytes.
template <typename T>
std::string npy(const std::string& type, const std::string& shape, const std::vector<T>& values,
                bool is_fortran = false) {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': " + (is_fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
  header.append(64 - (10 + header.size() + 1) % 64, ' ').push_back('\n');
  std::string file("\x93NUMPY\x01\x00", 8);
  file.push_back(static_cast<char>(header.size() & 0xFF));
  file.push_back(static_cast<char>(header.size() >> 8));
  file += header;
  return file.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

TEST(Compare, EqualBytesAreIdentical) {
  EXPECT_EQ(compare_outputs("a.json", "{", "{", {}).match, Match::kIdentical);
  EXPECT_EQ(compare_outputs("a.bin", "x", "x", {}).match, Match::kIdentical);
}

TEST(Compare, OtherFilesNameTheFirstByte) {
  const Comparison comparison = compare_outputs("a.bin", "abc", "abX", relative(1));
  EXPECT_EQ(comparison.match, Match::kDiffers);
  EXPECT_EQ(comparison.why, "byte 2 differs");
  EXPECT_EQ(compare_outputs("a.bin", "abc", "ab", {}).why, "byte 2 differs, and 3 bytes became 2");
}

TEST(CompareJson, NumbersAreHeldAgainstTheTolerance) {
  const char* recorded = R"({"loss":[1,2.0,4],"name":"x"})";
  const char* reproduced = R"({ "name":"x", "loss":[1.0,2.1,4.1] })";
  const Comparison within = compare_outputs("m.json", recorded, reproduced, relative(0.06));
  EXPECT_EQ(within.match, Match::kWithin);
  EXPECT_EQ(within.numbers, 3U);
  ASSERT_TRUE(within.largest);
  EXPECT_EQ(within.largest->where, "/loss/1");  // 5 %; the other is 2.5 %
  EXPECT_NEAR(within.largest->relative, 0.05, 1e-12);
  EXPECT_EQ(compare_outputs("m.json", recorded, reproduced, relative(0.04)).match, Match::kDiffers);
  EXPECT_EQ(compare_outputs("m.json", recorded, reproduced, {}).largest->where, "/loss/1");
}

TEST(CompareJson, WhatIsNoNumberMustBeEqual) {
  const auto why = [](const char* recorded, const char* reproduced) {
    const Comparison comparison = compare_outputs("m.json", recorded, reproduced, relative(1e9));
    EXPECT_EQ(comparison.match, Match::kDiffers) << recorded << reproduced;
    return comparison.why;
  };
  EXPECT_EQ(why(R"({"a":"x"})", R"({"a":"y"})"), R"(/a: "\"x\"" became "\"y\"")");
  EXPECT_EQ(why(R"({"a":1})", R"({"a":"1"})"), R"(/a: "1" became "\"1\"")");
  EXPECT_EQ(why(R"({"a":1})", "{}"), "/a: it is missing");
  EXPECT_EQ(why("{}", R"({"a/b":1})"), "/a~1b: it was not there");
  EXPECT_EQ(why("[1,2]", "[1]"), "document: only 1 elements are left");
  EXPECT_EQ(why("[1]", "[1,2]"), "document: more than 1 elements");
  EXPECT_EQ(why("[1]", "[1"), "it is not JSON any more");
}

TEST(CompareJson, IgnoresWhatShallBeIgnored) {
  const auto tolerance = parse_tolerance(R"({"places":{"m.json#/seconds":{"ignored":true}}})");
  ASSERT_TRUE(tolerance);
  EXPECT_EQ(compare_outputs("m.json", R"({"a":1,"seconds":3})", R"({"a":1,"seconds":"x"})", *tolerance).match,
            Match::kWithin);
  EXPECT_EQ(compare_outputs("m.json", R"({"a":1,"seconds":3})", R"({"a":1})", *tolerance).match, Match::kWithin);
  EXPECT_EQ(compare_outputs("m.json", R"({"a":1})", R"({"a":2,"seconds":3})", *tolerance).match, Match::kDiffers);
}

TEST(CompareCsv, NamesRowAndColumn) {
  const char* recorded = "id,score,label\n1,0.5,a\n2,0.25,b\n";
  const Comparison comparison =
      compare_outputs("p.CSV", recorded, "id,score,label\r\n1,0.5,a\r\n2,0.26,b\r\n", relative(0.05));
  EXPECT_EQ(comparison.match, Match::kWithin);
  EXPECT_EQ(comparison.largest->where, "row 2, column score");
  EXPECT_EQ(compare_outputs("p.csv", recorded, "id,score,label\n1,0.5,a\n2,0.25,c\n", relative(1)).why,
            R"(row 2, column label: "b" became "c")");
  EXPECT_EQ(compare_outputs("p.csv", recorded, "id,score,label\n1,0.5,a\n", relative(1)).why, "2 rows became 1");
  EXPECT_EQ(compare_outputs("p.csv", recorded, "id,score\n1,0.5\n2,0.25\n", relative(1)).why, "the columns are others");
}

TEST(CompareCsv, ColumnsHaveTheirOwnTolerance) {
  const auto tolerance = parse_tolerance(R"({"places":{"p.csv#/score":{"absolute":1},"p.csv#/at":{"ignored":true}}})");
  ASSERT_TRUE(tolerance);
  EXPECT_EQ(compare_outputs("p.csv", "score,at\n1,x\n", "score,at\n2,y\n", *tolerance).match, Match::kWithin);
  EXPECT_EQ(compare_outputs("p.csv", "score,at\n1,x\n", "score,at\n3,x\n", *tolerance).match, Match::kDiffers);
}

TEST(CompareNpy, NamesThePlaceInTheArray) {
  const auto recorded = npy<double>("<f8", "(2, 3)", {1, 2, 3, 4, 5, 6});
  const auto reproduced = npy<double>("<f8", "(2, 3)", {1, 2, 3, 4, 5.5, 6});
  const Comparison comparison = compare_outputs("w.npy", recorded, reproduced, relative(0.2));
  EXPECT_EQ(comparison.match, Match::kWithin);
  EXPECT_EQ(comparison.numbers, 6U);
  EXPECT_EQ(comparison.largest->where, "[1, 1]");
  EXPECT_EQ(compare_outputs("w.npy", recorded, reproduced, relative(0.05)).match, Match::kDiffers);
  const auto fortran = npy<double>("<f8", "(2, 3)", {1, 2, 3, 4, 5, 6}, true);
  const auto other = npy<double>("<f8", "(2, 3)", {1, 2, 3, 4, 5.5, 6}, true);
  EXPECT_EQ(compare_outputs("w.npy", fortran, other, {}).largest->where, "[0, 2]");
}

TEST(CompareNpy, RefusesWhatItCannotCompare) {
  const auto why = [](const std::string& recorded, const std::string& reproduced) {
    const Comparison comparison = compare_outputs("w.npy", recorded, reproduced, relative(1e9));
    EXPECT_EQ(comparison.match, Match::kDiffers);
    return comparison.why;
  };
  const auto two = npy<float>("<f4", "(2,)", {1, 2});
  EXPECT_EQ(why(two, npy<double>("<f8", "(2,)", {1, 2})), R"(its type "<f4" became "<f8")");
  EXPECT_EQ(why(two, npy<float>("<f4", "(3,)", {1, 2, 3})), "its shape (2) became (3)");
  EXPECT_EQ(why(two, two.substr(0, two.size() - 1)), "it has not as many elements as its shape says");
  EXPECT_EQ(why(two, "\x93NUMPY"), "it is no array of numbers any more");
  EXPECT_EQ(why(npy<double>("<c16", "(1,)", {1, 2}), npy<double>("<c16", "(1,)", {1, 3})),
            R"(elements of type "<c16" are not compared one by one)");
  EXPECT_EQ(why(npy<float>("<f4", "(4294967296, 4294967296)", {1}), npy<float>("<f4", "(4294967296, 4294967296)", {2})),
            "it has not as many elements as its shape says");
}

TEST(CompareNpy, ScalarsHaveAnEmptyPlace) {
  const Comparison comparison =
      compare_outputs("w.npy", npy<std::int64_t>("<i8", "()", {1}), npy<std::int64_t>("<i8", "()", {2}), {});
  EXPECT_EQ(comparison.largest->where, "[]");
}

RC_GTEST_PROP(Compare, IsWithinExactlyWhenEachNumberIs, (std::vector<std::pair<double, double>> pairs)) {
  const double bound = 0.5;
  std::vector<double> recorded;
  std::vector<double> reproduced;
  bool is_within = true;
  for (const auto& [left, right] : pairs) {
    recorded.push_back(left);
    reproduced.push_back(right);
    is_within = is_within && Bounds{bound, 0, false}.holds(left, right);
  }
  const std::string shape = "(" + std::to_string(pairs.size()) + ",)";
  const Comparison comparison =
      compare_outputs("w.npy", npy("<f8", shape, recorded), npy("<f8", shape, reproduced), relative(bound));
  RC_ASSERT((comparison.match != Match::kDiffers) == is_within);
}

RC_GTEST_PROP(Compare, NothingMakesItFail, (const std::string& recorded, const std::string& reproduced)) {
  for (const char* path : {"a.json", "a.csv", "a.npy", "a"}) {
    const Comparison comparison = compare_outputs(path, "\x93NUMPY" + recorded, "\x93NUMPY" + reproduced, relative(1));
    RC_ASSERT((comparison.match == Match::kIdentical) == (recorded == reproduced));
    RC_ASSERT(compare_outputs(path, recorded, recorded, {}).match == Match::kIdentical);
  }
}

}  // namespace
}  // namespace slipway::reproduce

#include "cli/lineage_describe.h"

#include <gtest/gtest.h>

#include "cli/json_fields.h"

namespace slipway::cli {
namespace {

TEST(DescribeLineage, IsATreeEachWay) {
  EXPECT_EQ(describe_lineage(json::parse(R"({"subject":"iris@1.0.0","truncated":false,"nodes":[
      {"id":"v","kind":"version","namespace":"","name":"iris","version":"1.0.0","digest":"d","depth":0},
      {"id":"r","kind":"run","namespace":"","name":"77","version":"","digest":"","depth":-1},
      {"id":"a","kind":"dataset","namespace":"s3://b","name":"raw","version":"v1","digest":"","depth":-2},
      {"id":"b","kind":"dataset","namespace":"","name":"more","version":"","digest":"","depth":-2},
      {"id":"s","kind":"release","namespace":"iris","name":"1.0.0","version":"","digest":"","depth":1}],
    "edges":[{"from":"a","to":"r"},{"from":"b","to":"r"},{"from":"r","to":"v"},{"from":"v","to":"s"},
             {"from":"a","to":"b"}]})")),
            "version iris@1.0.0\n"
            "  comes from:\n"
            "    run 77\n"
            "      dataset raw (s3://b) v1\n"
            "      dataset more\n"
            "        dataset raw (s3://b) v1 (above)\n"
            "  came of it:\n"
            "    release iris@1.0.0\n");
}

TEST(DescribeLineage, EndsOnACycleAndSaysThatThereIsMore) {
  EXPECT_EQ(describe_lineage(json::parse(R"({"truncated":true,"nodes":[
      {"id":"a","kind":"run","name":"1","depth":0},{"id":"b","kind":"run","name":"2","depth":1}],
    "edges":[{"from":"a","to":"b"},{"from":"b","to":"a"}]})")),
            "run 1\n"
            "  comes from:\n"
            "    run 2\n"
            "      run 1 (above)\n"
            "  came of it:\n"
            "    run 2\n"
            "      run 1 (above)\n"
            "\nThere is more: ask with --up or --down, a smaller --depth, or a greater --nodes.\n");
}

TEST(DescribeLineage, MovesNoCursor) {
  EXPECT_EQ(describe_lineage(json::parse(R"({"nodes":[{"id":"a","kind":"dataset","name":"\u001b[2Jx","depth":0}]})")),
            "dataset ?[2Jx\n");
}

}  // namespace
}  // namespace slipway::cli

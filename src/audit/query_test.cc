#include "audit/query.h"

#include <gtest/gtest.h>
#include <set>

#include "audit/log.h"
#include "audit/test_support.h"

namespace slipway::audit {
namespace {

constexpr std::uint64_t kCount = 3000;

// One log for all the questions: records 0 to 2999 of sample_record() over several segments, the last one open.
class QueryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = std::make_unique<TempDirectory>();
    auto log = open_log(directory_->path()).value();
    for (std::uint64_t i = 0; i < kCount; ++i) {
      Record record = sample_record(i);
      ids_.push_back(record.id);
      ASSERT_TRUE(log->append_relaxed(record));
    }
    ASSERT_TRUE(log->close());
  }
  static void TearDownTestSuite() {
    directory_.reset();
    ids_.clear();
  }
  void SetUp() override {
    catalog_ = open_catalog(directory_->path()).value();
    ASSERT_GT(catalog_.segments.size(), 3);
  }

  std::vector<std::uint64_t> all_pages(Query wanted) const {
    std::vector<std::uint64_t> indexes;
    while (true) {
      const auto page = query(catalog_, wanted).value();
      EXPECT_LE(page.records.size(), wanted.limit);
      for (const auto& stored : page.records) indexes.push_back(stored.index);
      if (!page.next) return indexes;
      wanted.cursor = page.next;
    }
  }
  template <typename Wanted>
  static std::vector<std::uint64_t> indexes_where(Wanted&& is_wanted) {
    std::vector<std::uint64_t> indexes;
    for (std::uint64_t i = 0; i < kCount; ++i) {
      if (is_wanted(sample_record(i))) indexes.push_back(i);
    }
    return indexes;
  }

  static inline std::unique_ptr<TempDirectory> directory_;
  static inline std::vector<Id> ids_;
  Catalog catalog_;
};

TEST_F(QueryTest, AnswersAsAFilterOverAllRecordsWould) {
  const WallTime from = sample_record(700).time;
  const WallTime until = sample_record(2100).time;
  Query by_endpoint;
  by_endpoint.endpoint = "fraud";
  EXPECT_EQ(all_pages(by_endpoint), indexes_where([](const Record& r) { return r.endpoint == "fraud"; }));
  Query by_all;
  by_all.from = from;
  by_all.until = until;
  by_all.version = "1.1.0-rc.1";
  by_all.principal = "ben";
  by_all.kind = Kind::kDecision;
  by_all.action = "model.approve";
  by_all.limit = 7;
  EXPECT_EQ(all_pages(by_all), indexes_where([&](const Record& r) {
              return r.time >= from && r.time < until && r.version == "1.1.0-rc.1" && r.principal == "ben" &&
                     r.kind == Kind::kDecision;
            }));
  Query none;
  none.model = "unheard-of";
  EXPECT_TRUE(all_pages(none).empty());
}

TEST_F(QueryTest, NewestFirstIsTheReverse) {
  for (const std::size_t limit : {1000, 977, 10000}) {
    Query wanted;
    wanted.limit = limit;
    auto forward = all_pages(wanted);
    wanted.is_newest_first = true;
    const auto backward = all_pages(wanted);
    std::reverse(forward.begin(), forward.end());
    EXPECT_EQ(backward, forward);
    EXPECT_EQ(backward.size(), kCount);
  }
}

TEST_F(QueryTest, FindsEveryRequestByItsId) {
  for (std::uint64_t i = 0; i < kCount; i += 37) {
    const auto found = find(catalog_, ids_[i]).value();
    ASSERT_EQ(found.size(), 1) << i;
    EXPECT_EQ(found[0].index, i);
    EXPECT_EQ(found[0].record().id, ids_[i]);
    EXPECT_EQ(record_at(catalog_, i).value().leaf, found[0].leaf);
  }
  EXPECT_TRUE(find(catalog_, Id::make()).value().empty());
  EXPECT_EQ(record_at(catalog_, kCount).error().reason, "audit.index_out_of_range");
  Query wanted;
  wanted.id = ids_[100];
  EXPECT_EQ(all_pages(wanted), std::vector<std::uint64_t>{100});
  wanted.principal = "nobody";
  EXPECT_TRUE(all_pages(wanted).empty());
}

TEST_F(QueryTest, RefusesALimitThatIsOutOfRange) {
  Query wanted;
  wanted.limit = 0;
  EXPECT_EQ(query(catalog_, wanted).error().reason, "audit.query_invalid");
  wanted.limit = kQueryLimitMax + 1;
  EXPECT_EQ(query(catalog_, wanted).error().reason, "audit.query_invalid");
}

}  // namespace
}  // namespace slipway::audit

#include "tracking/search_filter.h"

#include <gmock/gmock.h>
#include <limits>

#include "tracking/search.h"
#include "tracking/search_entities.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<std::vector<SearchClause>> parse(std::string_view filter) {
  return parse_search_filter(run_search_entity(), filter);
}

SearchClause only(std::string_view filter) {
  auto clauses = parse(filter);
  EXPECT_TRUE(clauses) << clauses.error().message;
  EXPECT_EQ(clauses->size(), 1U);
  return clauses->front();
}

// The message of the refusal.
std::string refusal(std::string_view filter) {
  const auto clauses = parse(filter);
  EXPECT_FALSE(clauses) << filter;
  if (clauses) return {};
  EXPECT_EQ(clauses.error().code, Code::kInvalidArgument);
  EXPECT_EQ(clauses.error().reason, "search.invalid_filter");
  return clauses.error().message;
}

std::vector<std::string> orders(const SearchEntity& entity, std::vector<std::string> order_by) {
  const auto parsed = parse_search_order(entity, order_by);
  EXPECT_TRUE(parsed) << parsed.error().message;
  std::vector<std::string> out;
  for (const SearchOrder& order : parsed.value_or(std::vector<SearchOrder>{})) {
    out.push_back((order.name.field == nullptr ? order.name.key : order.name.field->names.front()) +
                  (order.is_ascending ? " up" : " down"));
  }
  return out;
}

std::string order_refusal(std::vector<std::string> order_by) {
  const auto parsed = parse_search_order(run_search_entity(), order_by);
  EXPECT_FALSE(parsed);
  if (parsed) return {};
  EXPECT_EQ(parsed.error().reason, "search.invalid_order");
  return parsed.error().message;
}

TEST(SearchFilter, OfNothingHasNoClauses) {
  EXPECT_TRUE(parse("")->empty());
  EXPECT_TRUE(parse(" \t\n")->empty());
  EXPECT_TRUE(parse("AND")->empty());
}

TEST(SearchFilter, ReadsNamesWithAndWithoutQuotes) {
  EXPECT_EQ(only("metrics.a.b > 1").name.key, "a.b");
  EXPECT_EQ(only("metrics.`a b/c` > 1").name.key, "a b/c");
  EXPECT_EQ(only("params.\"größe\" = 'x'").name.key, "größe");
  EXPECT_EQ(only("params.größe = 'x'").name.key, "größe");
  EXPECT_EQ(only("attributes.\"Run name\" = 'x'").name.field->names.front(), "run_name");
  EXPECT_EQ(only("created > 1").name.field->names.front(), "start_time");
}

TEST(SearchFilter, ReadsTextsAsTheyStand) {
  EXPECT_THAT(only("params.p = 'a\\b'").values, ElementsAre(SqlValue(std::string("a\\b"))));
  EXPECT_THAT(only("params.p = \"it's\"").values, ElementsAre(SqlValue(std::string("it's"))));
  EXPECT_THAT(only("params.p = 'it''s'").values, ElementsAre(SqlValue(std::string("it''s"))));
  EXPECT_THAT(only("params.p = ''").values, ElementsAre(SqlValue(std::string())));
  EXPECT_THAT(only("params.p = ' AND '").values, ElementsAre(SqlValue(std::string(" AND "))));
}

TEST(SearchFilter, ReadsNumbersByTheTypeOfTheName) {
  EXPECT_THAT(only("metrics.m = 3").values, ElementsAre(SqlValue(3.0)));
  EXPECT_THAT(only("metrics.m = -.5e-2").values, ElementsAre(SqlValue(-0.005)));
  EXPECT_THAT(only("metrics.m < 1e999").values, ElementsAre(SqlValue(std::numeric_limits<double>::infinity())));
  EXPECT_THAT(only("metrics.m > -1e-999").values, ElementsAre(SqlValue(-0.0)));
  EXPECT_THAT(only("start_time = 3").values, ElementsAre(SqlValue(std::int64_t{3})));
  EXPECT_THAT(only("start_time = 3.5").values, ElementsAre(SqlValue(3.5)));
}

TEST(SearchFilter, ReadsListsAlsoAsPythonWritesThem) {
  EXPECT_THAT(only("run_id IN ('a',)").values, ElementsAre(SqlValue(std::string("a"))));
  EXPECT_THAT(only("run_id NOT IN ('a', \"b\")").values,
              ElementsAre(SqlValue(std::string("a")), SqlValue(std::string("b"))));
  EXPECT_EQ(only("run_id not in('a')").op, SearchOperator::kNotIn);
}

TEST(SearchFilter, SaysThePlaceTheFoundAndTheExpected) {
  EXPECT_EQ(refusal("metrics.m > 0.5 OR metrics.m < 0"),
            "filter, byte 16: found \"OR\"; expected AND or the end of the filter");
  EXPECT_EQ(refusal("metrics.m ~ 1"),
            "filter, byte 10: found \"~\"; expected =, !=, <, <=, > or >=, IS NULL or IS NOT NULL");
  EXPECT_EQ(refusal("metrics.m > 'x'"), "filter, byte 12: found \"'x'\"; expected a number, such as 3, -0.25 or 1e-4");
  EXPECT_EQ(refusal("metrics.m >"), "filter, byte 11: found the end; expected a number, such as 3, -0.25 or 1e-4");
  EXPECT_THAT(refusal("traces.m > 1"),
              HasSubstr("byte 0: found \"traces\" before a dot; expected attributes, metrics"));
  EXPECT_THAT(refusal("nothing = 'x'"), HasSubstr("byte 0: found \"nothing\"; expected run_id, run_name"));
  EXPECT_THAT(refusal("params.p = 'x"), HasSubstr("byte 11: a quote begins here that does not end"));
  EXPECT_THAT(refusal("params.p = x"), HasSubstr("byte 11: found \"x\"; expected a text in quotes"));
  EXPECT_THAT(refusal("status > 'x'"), HasSubstr("byte 7: found \">\"; expected =, !=, LIKE"));
  EXPECT_THAT(refusal("run_id IN ()"), HasSubstr("byte 11: found \")\"; expected a text in the list"));
  EXPECT_THAT(refusal("run_id IN 'a'"), HasSubstr("expected a list of texts"));
}

TEST(SearchFilter, RefusesWhatIsHostileWhereverItStands) {
  EXPECT_THAT(refusal(std::string_view("metrics.m\0 > 1", 14)), HasSubstr("byte 9: found a NUL"));
  EXPECT_THAT(refusal("params.p = 'a\xff'"), HasSubstr("byte 13: the text is not UTF-8"));
  EXPECT_THAT(refusal("params.p = '\xc3"), HasSubstr("byte 12: the text is not UTF-8"));
  EXPECT_THAT(refusal(std::string(1 << 20, 'a')), HasSubstr("1048576 bytes; accepted are up to 65536"));
  EXPECT_THAT(refusal(std::string(60'000, '(')), HasSubstr("byte 0: found"));
  EXPECT_THAT(refusal(std::string(60'000, '\'')), HasSubstr("byte 0"));
  EXPECT_THAT(refusal("params." + std::string(60'000, '`')), HasSubstr("byte"));
  std::string clauses;
  for (int i = 0; i < 3000; ++i) clauses += "metrics.m > 0 AND ";
  EXPECT_THAT(refusal(clauses), HasSubstr("expected at most 100 clauses"));
  std::string list = "run_id IN ('a'";
  for (int i = 0; i < 3000; ++i) list += ",'a'";
  EXPECT_THAT(refusal(list + ")"), HasSubstr("expected at most 2000 texts"));
}

TEST(SearchFilter, TakesQuotedIntegersWhereTheFieldDoes) {
  SearchField number;
  number.names = {"version_number"};
  number.type = SearchType::kInteger;
  number.may_be_quoted = true;
  SearchEntity entity;
  entity.groups.resize(1);
  entity.groups.front().names = {"attributes"};
  entity.groups.front().fields = {number};
  EXPECT_EQ(parse_search_filter(entity, "version_number = '12'")->front().values.front(), SqlValue(std::int64_t{12}));
  EXPECT_FALSE(parse_search_filter(entity, "version_number = '12x'"));
  EXPECT_FALSE(parse_search_filter(entity, "version_number = ''"));
}

TEST(SearchOrder, EndsWithWhatMakesItTotal) {
  EXPECT_THAT(orders(run_search_entity(), {}), ElementsAre("start_time down", "run_id up"));
  EXPECT_THAT(orders(run_search_entity(), {"metrics.m desc"}), ElementsAre("m down", "start_time down", "run_id up"));
  EXPECT_THAT(orders(run_search_entity(), {"created ASC"}), ElementsAre("start_time up", "run_id up"));
  EXPECT_THAT(orders(run_search_entity(), {"run_id DESC"}), ElementsAre("run_id down", "start_time down"));
  EXPECT_THAT(orders(experiment_search_entity(), {}), ElementsAre("creation_time down", "experiment_id up"));
  EXPECT_THAT(orders(experiment_search_entity(), {"name"}), ElementsAre("name up", "experiment_id down"));
}

TEST(SearchOrder, RefusesWhatIsNoOrder) {
  EXPECT_THAT(order_refusal({"metrics.m", "metric.m DESC"}), HasSubstr("\"m\" is there twice"));
  EXPECT_THAT(order_refusal({"metrics.m DOWN"}), HasSubstr("byte 10: found \"DOWN\"; expected ASC, DESC or the end"));
  EXPECT_THAT(order_refusal({"dataset.name"}), HasSubstr("found \"dataset\" before a dot"));
  EXPECT_THAT(order_refusal({""}), HasSubstr("byte 0: found the end; expected a name"));
  EXPECT_THAT(order_refusal(std::vector<std::string>(17, "metrics.m")), HasSubstr("17 orders; accepted are up to 16"));
}

}  // namespace
}  // namespace slipway

#include "tracking/search_plan.h"

#include <algorithm>
#include <cmath>

#include "tracking/search_select.h"

namespace slipway {
namespace {

// To try rows in their order until the page is full costs page * rows / matches, to sort the matches costs matches:
// they are equal where matches = sqrt(page * rows). Rows are not counted for it; this is their usual number in a large
// search.
std::int64_t few_matches(std::size_t limit) {
  constexpr double kUsualRows = 20'000;
  return static_cast<std::int64_t>(std::sqrt(static_cast<double>(limit) * kUsualRows));
}

bool has_source(const SearchName& name) { return name.field == nullptr && !name.group->by_value.empty(); }

// Whether the rows that meet the clause lie together in the index of its source, and whether it can be looked through
// for them at all.
bool lie_together(const SearchClause& clause) {
  switch (clause.op) {
    case SearchOperator::kEqual:
    case SearchOperator::kIn:
    case SearchOperator::kLess:
    case SearchOperator::kLessEqual:
    case SearchOperator::kGreater:
    case SearchOperator::kGreaterEqual:
      return true;
    default:
      return false;
  }
}
bool can_start(const SearchClause& clause) { return has_source(clause.name) && clause.op != SearchOperator::kIsNull; }

// How many rows the statement gives, or `bound` if there are more.
Result<std::int64_t> count(Transaction& t, SearchStatement statement, const std::string& rows, std::int64_t bound) {
  statement.add("SELECT COUNT(*) FROM (").add(rows).add(" LIMIT ").add_value(bound).add(") c");
  SLIPWAY_TRY(const std::vector<Row> counted, t.query(statement.text(), statement.arguments()));
  return counted.front().integer(0);
}

Result<std::int64_t> count_scopes(Transaction& t, const SearchEntity& entity, const SearchQuery& query,
                                  std::int64_t bound) {
  SearchStatement statement(query.arguments);
  const std::string rows = statement.part([&] {
    statement.add("SELECT 1 FROM ").add(entity.from).add(" WHERE ");
    add_scopes(statement, query.scopes, ScopeIndex::kUsed);
  });
  return count(t, std::move(statement), rows, bound);
}

Result<std::int64_t> count_matches(Transaction& t, const SearchQuery& query, const SearchClause& clause,
                                   std::int64_t bound) {
  SearchStatement statement(query.arguments);
  const std::string rows = statement.part([&] {
    std::string_view separator;
    for (const SearchSource& source : clause.name.group->by_value) {
      statement.add(separator).add("SELECT 1 FROM ").add(source.from).add(" WHERE ");
      add_source_condition(statement, clause);
      separator = " UNION ALL ";
    }
  });
  return count(t, std::move(statement), rows, bound);
}

}  // namespace

Result<SearchPlan> choose_plan(Transaction& t, const SearchEntity& entity, const SearchQuery& query) {
  const bool can_start_with_order = has_source(query.orders.front().name);
  if (!can_start_with_order && std::ranges::none_of(query.clauses, can_start)) return SearchPlan{};
  SLIPWAY_TRY(const std::int64_t rows, count_scopes(t, entity, query, query.rows_few));
  if (rows < query.rows_few) return SearchPlan{};

  SearchPlan plan;
  if (can_start_with_order) plan.start = SearchStart::kOrder;
  std::int64_t fewest = few_matches(query.limit);
  for (const bool is_quick : {true, false}) {
    for (std::size_t i = 0; i < query.clauses.size(); ++i) {
      if (!can_start(query.clauses[i]) || lie_together(query.clauses[i]) != is_quick) continue;
      SLIPWAY_TRY(const std::int64_t matches, count_matches(t, query, query.clauses[i], fewest));
      if (matches >= fewest) continue;
      fewest = matches;
      plan = {SearchStart::kClause, i};
    }
    if (plan.start == SearchStart::kClause) break;
  }
  return plan;
}

}  // namespace slipway

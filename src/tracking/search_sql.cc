#include "tracking/search_sql.h"

#include <bit>
#include <iterator>

#include "base/digest.h"
#include "tracking/search_filter.h"
#include "tracking/search_plan.h"
#include "tracking/search_select.h"
#include "tracking/search_token.h"

namespace slipway {
namespace {

constexpr std::size_t kFingerprintDigits = 16;

void hash_text(Sha256& hash, std::string_view text) {
  hash.update(std::to_string(text.size()) + ':');
  hash.update(text);
}

void hash_value(Sha256& hash, const SqlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return hash_text(hash, *text);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return hash_text(hash, std::to_string(*integer));
  if (const auto* real = std::get_if<double>(&value))
    hash_text(hash, std::to_string(std::bit_cast<std::uint64_t>(*real)));
}

void hash_name(Sha256& hash, const SearchName& name) {
  hash_text(hash, name.group->from);
  hash_text(hash, name.field == nullptr ? name.key : name.field->column);
}

// What makes two searches the same: everything but the page.
std::string fingerprint_of(const SearchQuery& query) {
  Sha256 hash;
  for (const SearchClause& clause : query.clauses) {
    hash_name(hash, clause.name);
    hash_text(hash, std::to_string(static_cast<int>(clause.op)));
    for (const SqlValue& value : clause.values) hash_value(hash, value);
  }
  for (const SearchOrder& order : query.orders) {
    hash_text(hash, order.is_ascending ? "ascending" : "descending");
    hash_name(hash, order.name);
  }
  for (const SearchScope& scope : query.scopes) {
    hash_text(hash, std::to_string(scope.size()));
    for (const auto& [column, value] : scope) {
      hash_text(hash, column);
      hash_value(hash, value);
    }
  }
  for (const SqlValue& argument : query.arguments) hash_value(hash, argument);
  return hash.finish().hex().substr(0, kFingerprintDigits);
}

Status check_limit(std::size_t limit, std::size_t limit_max) {
  if (limit >= 1 && limit <= limit_max) return {};
  return fail(Code::kInvalidArgument, "search.invalid_limit",
              "max_results: " + std::to_string(limit) + "; accepted is 1 to " + std::to_string(limit_max));
}

SqlValue value_at(const Row& row, std::size_t column, SearchType type) {
  if (type == SearchType::kInteger) return row.integer(column);
  if (type == SearchType::kReal) return row.real(column);
  return row.text(column);
}

std::vector<SearchPlace> places_of(const Row& row, std::span<const SearchOrder> orders) {
  std::vector<SearchPlace> places;
  std::size_t column = row.size() - 2 * orders.size();
  for (const SearchOrder& order : orders) {
    SearchPlace place{static_cast<SearchPlace::Rank>(row.integer(column)), SqlNull{}};
    if (place.rank == SearchPlace::Rank::kValue) place.value = value_at(row, column + 1, type_of(order.name));
    places.push_back(std::move(place));
    column += 2;
  }
  return places;
}

// Up to `limit` rows after the places. A search that starts with its order asks for the values first, then for NaN,
// then for rows that have none, and stops when it has enough.
Result<std::vector<Row>> find_rows(Transaction& t, const SearchEntity& entity, const SearchQuery& query,
                                   std::span<const SearchPlace> after, std::size_t limit) {
  SLIPWAY_TRY(const SearchPlan plan, choose_plan(t, entity, query));
  const auto select = [&](SearchPlace::Rank rank, std::span<const SearchPlace> places, std::size_t count) {
    const SearchStatement statement = select_rows(entity, query, {plan, rank, places, count});
    return t.query(statement.text(), statement.arguments());
  };
  if (plan.start != SearchStart::kOrder) return select(SearchPlace::Rank::kValue, after, limit);
  std::vector<Row> rows;
  for (const auto rank : {SearchPlace::Rank::kValue, SearchPlace::Rank::kNan, SearchPlace::Rank::kMissing}) {
    if (rank == SearchPlace::Rank::kNan && !may_be_nan(query.orders.front().name)) continue;
    if (!after.empty() && after.front().rank > rank) continue;
    const bool is_begun = !after.empty() && after.front().rank == rank;
    SLIPWAY_TRY(std::vector<Row> more,
                select(rank, is_begun ? after : std::span<const SearchPlace>{}, limit - rows.size()));
    rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    if (rows.size() == limit) break;
  }
  return rows;
}

}  // namespace

Result<Page<Row>> search_page(Transaction& t, const SearchEntity& entity, const SearchQuery& query) {
  SLIPWAY_CHECK(check_limit(query.limit, query.limit_max));
  const std::string fingerprint = fingerprint_of(query);
  std::vector<SearchPlace> after;
  if (!query.token.empty()) {
    SLIPWAY_TRY(after, parse_search_token(entity.list, fingerprint, query.orders, query.token));
  }
  Page<Row> page;
  if (query.scopes.empty()) return page;
  SLIPWAY_TRY(page.items, find_rows(t, entity, query, after, query.limit + 1));
  if (page.items.size() > query.limit) {
    page.items.pop_back();
    page.next_token = make_search_token(entity.list, fingerprint, places_of(page.items.back(), query.orders));
  }
  return page;
}

Result<Page<Row>> search_page(Transaction& t, const SearchEntity& entity, const SearchRequest& request) {
  SLIPWAY_CHECK(check_limit(request.limit, request.limit_max));
  SearchQuery query;
  SLIPWAY_TRY(query.clauses, parse_search_filter(entity, request.filter));
  SLIPWAY_TRY(query.orders, parse_search_order(entity, request.order_by));
  query.scopes = request.scopes;
  query.limit = request.limit;
  query.limit_max = request.limit_max;
  query.token = request.token;
  return search_page(t, entity, query);
}

}  // namespace slipway

#include "tracking/search_sql.h"

#include <bit>

#include "base/digest.h"
#include "tracking/search_filter.h"
#include "tracking/search_statement.h"
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

class PageFinder {
 public:
  PageFinder(const SearchEntity& entity, const SearchQuery& query)
      : entity_(&entity), query_(&query), orders_(query.orders), fingerprint_(fingerprint_of(query)) {
    for (const SearchOrder& order : orders_) columns_.push_back(order_columns(order.name, columns_.size()));
  }

  Result<Page<Row>> find(Transaction& t) const {
    std::vector<SearchPlace> after;
    if (!query_->token.empty()) {
      SLIPWAY_TRY(after, parse_search_token(entity_->list, fingerprint_, orders_, query_->token));
    }
    if (query_->scopes.empty()) return Page<Row>{};
    const SearchStatement statement = select(after);
    SLIPWAY_TRY(std::vector<Row> rows, t.query(statement.text(), statement.arguments()));
    Page<Row> page;
    if (rows.size() > query_->limit) {
      rows.pop_back();
      page.next_token = make_search_token(entity_->list, fingerprint_, places_of(rows.back()));
    }
    page.items = std::move(rows);
    return page;
  }

 private:
  static OrderColumns order_columns(const SearchName& name, std::size_t index) {
    if (name.field != nullptr) {
      const std::string& column = name.field->order_column.empty() ? name.field->column : name.field->order_column;
      return {name.field->is_nullable ? "CASE WHEN " + column + " IS NULL THEN 2 ELSE 0 END" : "0", column};
    }
    const std::string row = "o" + std::to_string(index);
    std::string rank = "CASE WHEN " + row + ".value IS NULL THEN 2 ";
    if (may_be_nan(name)) rank += "WHEN " + row + ".is_nan = 1 THEN 1 ";
    return {rank + "ELSE 0 END", row + ".value"};
  }

  // The keys of the page's rows and what they are ordered by, then the rows themselves: a row that is not of the page
  // is not read further than the filter and the order need it.
  SearchStatement select(std::span<const SearchPlace> after) const {
    SearchStatement statement(query_->arguments);
    statement.add("SELECT ").add(entity_->columns);
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      statement.add(", p.r" + std::to_string(i)).add(", p.v" + std::to_string(i));
    }
    statement.add(" FROM (");
    add_keys(statement, after);
    statement.add(") p CROSS JOIN ").add(entity_->columns_from.empty() ? entity_->from : entity_->columns_from);
    statement.add(" WHERE ").add(entity_->key).add(" = p.k");
    add_order(statement, "p.");
    return statement;
  }

  void add_keys(SearchStatement& statement, std::span<const SearchPlace> after) const {
    statement.add("SELECT ").add(entity_->key).add(" AS k");
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      statement.add(", ").add(columns_[i].rank).add(" AS r" + std::to_string(i));
      statement.add(", ").add(columns_[i].value).add(" AS v" + std::to_string(i));
    }
    statement.add(" FROM ").add(entity_->from);
    for (std::size_t i = 0; i < orders_.size(); ++i) add_order_join(statement, orders_[i].name, i);
    statement.add(" WHERE ");
    add_scopes(statement);
    if (!entity_->where.empty()) statement.add(" AND (").add(entity_->where).add(")");
    for (const SearchClause& clause : query_->clauses) {
      statement.add(" AND ");
      add_clause(statement, *entity_, clause);
    }
    if (!after.empty()) {
      statement.add(" AND ");
      add_after(statement, orders_, columns_, after);
    }
    add_order(statement, "");
    statement.add(" LIMIT ").add_value(static_cast<std::int64_t>(query_->limit) + 1);
  }

  void add_order_join(SearchStatement& statement, const SearchName& name, std::size_t index) const {
    if (name.field != nullptr) return;
    const std::string row = "o" + std::to_string(index);
    statement.add(" LEFT JOIN (SELECT ").add(name.group->owner).add(" AS owner, x.value");
    if (may_be_nan(name)) statement.add(", x.is_nan");
    statement.add(" FROM ").add(name.group->from).add(" WHERE x.key = ").add_value(name.key);
    statement.add(") " + row + " ON " + row + ".owner = ").add(entity_->key);
  }

  void add_scopes(SearchStatement& statement) const {
    std::string_view separator = "(";
    for (const SearchScope& scope : query_->scopes) {
      statement.add(separator);
      separator = " OR ";
      std::string_view between;
      for (const auto& [column, value] : scope) {
        statement.add(between).add(column).add(" = ").add_value(value);
        between = " AND ";
      }
      if (scope.empty()) statement.add("1 = 1");
    }
    statement.add(")");
  }

  // By the names r0, v0, … of the columns.
  void add_order(SearchStatement& statement, const std::string& prefix) const {
    std::string_view separator = " ORDER BY ";
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      if (may_be_missing(orders_[i].name)) {
        statement.add(separator).add(prefix + "r" + std::to_string(i));
        separator = ", ";
      }
      statement.add(separator).add(prefix + "v" + std::to_string(i));
      if (!orders_[i].is_ascending) statement.add(" DESC");
      separator = ", ";
    }
  }

  std::vector<SearchPlace> places_of(const Row& row) const {
    std::vector<SearchPlace> places;
    const std::size_t first = row.size() - 2 * orders_.size();
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      const auto rank = static_cast<SearchPlace::Rank>(row.integer(first + 2 * i));
      const std::size_t column = first + 2 * i + 1;
      SearchPlace place{rank, SqlNull{}};
      if (rank == SearchPlace::Rank::kValue) place.value = value_at(row, column, type_of(orders_[i].name));
      places.push_back(std::move(place));
    }
    return places;
  }

  static SqlValue value_at(const Row& row, std::size_t column, SearchType type) {
    if (type == SearchType::kInteger) return row.integer(column);
    if (type == SearchType::kReal) return row.real(column);
    return row.text(column);
  }

  const SearchEntity* entity_;
  const SearchQuery* query_;
  std::span<const SearchOrder> orders_;
  std::vector<OrderColumns> columns_;
  std::string fingerprint_;
};

}  // namespace

Result<Page<Row>> search_page(Transaction& t, const SearchEntity& entity, const SearchQuery& query) {
  SLIPWAY_CHECK(check_limit(query.limit, query.limit_max));
  return PageFinder(entity, query).find(t);
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

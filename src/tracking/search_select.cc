#include "tracking/search_select.h"

namespace slipway {
namespace {

// So many scopes are searched one after the other, each in the order of its index; more are searched as one.
constexpr std::size_t kScopesApartMax = 16;

std::string numbered(std::string_view name, std::size_t index) { return std::string(name) + std::to_string(index); }

class Select {
 public:
  Select(const SearchEntity& entity, const SearchQuery& query, const SearchPart& part)
      : entity_(&entity), query_(&query), part_(&part), orders_(query.orders), statement_(query.arguments) {
    for (std::size_t i = 0; i < orders_.size(); ++i) columns_.push_back(order_columns(i));
  }

  SearchStatement write() && {
    conditions_ = statement_.part([&] { add_conditions(); });
    joins_ = statement_.part([&] { add_order_joins(); });
    limit_ = statement_.part([&] { statement_.add_value(static_cast<std::int64_t>(part_->limit)); });
    statement_.add("SELECT ").add(entity_->columns);
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      statement_.add(numbered(", p.r", i)).add(numbered(", p.v", i));
    }
    statement_.add(" FROM (");
    add_keys();
    statement_.add(") p CROSS JOIN ").add(entity_->columns_from.empty() ? entity_->from : entity_->columns_from);
    statement_.add(" WHERE ").add(entity_->key).add(" = p.k");
    add_order("p.");
    return std::move(statement_);
  }

 private:
  bool is_first_order_settled(std::size_t index) const {
    return index == 0 && part_->plan.start == SearchStart::kOrder;
  }

  OrderColumns order_columns(std::size_t index) const {
    const SearchName& name = orders_[index].name;
    if (is_first_order_settled(index)) return {"", part_->rank == SearchPlace::Rank::kValue ? "x.value" : ""};
    if (name.field != nullptr) {
      const std::string& column = name.field->order_column.empty() ? name.field->column : name.field->order_column;
      return {name.field->is_nullable ? "CASE WHEN " + column + " IS NULL THEN 2 ELSE 0 END" : "", column};
    }
    const std::string row = numbered("o", index);
    std::string rank = "CASE WHEN " + row + ".value IS NULL THEN 2 ";
    if (may_be_nan(name)) rank += "WHEN " + row + ".is_nan = 1 THEN 1 ";
    return {rank + "ELSE 0 END", row + ".value"};
  }

  // Where the rows of one SELECT come from: the entity, or a source of values before it.
  std::span<const SearchSource> sources() const {
    if (part_->plan.start == SearchStart::kClause) return query_->clauses[part_->plan.clause].name.group->by_value;
    const bool is_of_values = part_->plan.start == SearchStart::kOrder && part_->rank != SearchPlace::Rank::kMissing;
    if (is_of_values) return orders_.front().name.group->by_value;
    return {};
  }

  void add_keys() {
    std::vector<std::string> selects;
    if (const auto all = sources(); !all.empty()) {
      for (const SearchSource& source : all) selects.push_back(select_from(source, query_->scopes));
    } else if (query_->scopes.size() <= kScopesApartMax) {
      for (const SearchScope& scope : query_->scopes) selects.push_back(select_from({}, std::span(&scope, 1)));
    } else {
      selects.push_back(select_from({}, query_->scopes));
    }
    if (selects.size() == 1) {
      statement_.add(selects.front());
      return;
    }
    for (std::size_t i = 0; i < selects.size(); ++i) {
      statement_.add(i == 0 ? "SELECT * FROM (" : " UNION ALL SELECT * FROM (").add(selects[i]);
      statement_.add(numbered(") a", i));
    }
    add_order("");
    statement_.add(" LIMIT ").add(limit_);
  }

  std::string select_from(const SearchSource& source, std::span<const SearchScope> scopes) {
    return statement_.part([&] {
      statement_.add("SELECT ").add(entity_->key).add(" AS k");
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        statement_.add(", ").add(rank_of(i)).add(numbered(" AS r", i));
        statement_.add(", ").add(columns_[i].value.empty() ? "0" : columns_[i].value).add(numbered(" AS v", i));
      }
      statement_.add(" FROM ");
      if (!source.from.empty()) statement_.add(source.from).add(" CROSS JOIN ");
      statement_.add(entity_->from).add(joins_).add(" WHERE ");
      add_scopes(statement_, scopes, source.from.empty() ? ScopeIndex::kUsed : ScopeIndex::kNotUsed);
      if (!source.where.empty()) statement_.add(" AND ").add(source.where);
      statement_.add(conditions_);
      add_order("");
      statement_.add(" LIMIT ").add(limit_);
    });
  }

  std::string rank_of(std::size_t index) const {
    if (is_first_order_settled(index)) return std::to_string(static_cast<int>(part_->rank));
    return columns_[index].rank.empty() ? "0" : columns_[index].rank;
  }

  void add_conditions() {
    if (!entity_->where.empty()) statement_.add(" AND (").add(entity_->where).add(")");
    add_start();
    for (std::size_t i = 0; i < query_->clauses.size(); ++i) {
      if (part_->plan.start == SearchStart::kClause && part_->plan.clause == i) continue;
      statement_.add(" AND ");
      add_clause(statement_, *entity_, query_->clauses[i]);
    }
    add_place();
  }

  void add_start() {
    if (part_->plan.start == SearchStart::kRows) return;
    const bool is_clause = part_->plan.start == SearchStart::kClause;
    const SearchName& name = is_clause ? query_->clauses[part_->plan.clause].name : orders_.front().name;
    const std::string is_owned = name.group->owner + " = " + entity_->key + " AND ";
    if (is_clause) {
      statement_.add(" AND ").add(is_owned);
      add_source_condition(statement_, query_->clauses[part_->plan.clause]);
    } else if (part_->rank == SearchPlace::Rank::kMissing) {
      statement_.add(" AND NOT EXISTS (SELECT 1 FROM ").add(name.group->from).add(" WHERE ").add(is_owned);
      statement_.add("x.key = ").add_value(name.key).add(" LIMIT 1 OFFSET 0)");
    } else {
      statement_.add(" AND ").add(is_owned).add("x.key = ").add_value(name.key);
      if (may_be_nan(name)) {
        statement_.add(part_->rank == SearchPlace::Rank::kNan ? " AND x.is_nan = 1" : " AND x.is_nan = 0");
      }
    }
  }

  void add_place() {
    if (part_->after.empty()) return;
    // Among rows of one rank and no value, the first order decides nothing.
    const std::size_t first = columns_.front().value.empty() ? 1 : 0;
    statement_.add(" AND ");
    add_after(statement_, orders_.subspan(first), std::span(columns_).subspan(first), part_->after.subspan(first));
  }

  void add_order_joins() {
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      const SearchName& name = orders_[i].name;
      if (name.field != nullptr || is_first_order_settled(i)) continue;
      const std::string row = numbered("o", i);
      statement_.add(" LEFT JOIN (SELECT ").add(name.group->owner).add(" AS owner, x.value");
      if (may_be_nan(name)) statement_.add(", x.is_nan");
      statement_.add(" FROM ").add(name.group->from).add(" WHERE x.key = ").add_value(name.key);
      statement_.add(") " + row + " ON " + row + ".owner = ").add(entity_->key);
    }
  }

  // By the names r0, v0, … of the columns.
  void add_order(const std::string& prefix) {
    std::string_view separator = " ORDER BY ";
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      if (!columns_[i].rank.empty()) {
        statement_.add(separator).add(prefix + numbered("r", i));
        separator = ", ";
      }
      if (columns_[i].value.empty()) continue;
      statement_.add(separator).add(prefix + numbered("v", i));
      if (!orders_[i].is_ascending) statement_.add(" DESC");
      separator = ", ";
    }
  }

  const SearchEntity* entity_;
  const SearchQuery* query_;
  const SearchPart* part_;
  std::span<const SearchOrder> orders_;
  std::vector<OrderColumns> columns_;
  SearchStatement statement_;
  std::string conditions_;
  std::string joins_;
  std::string limit_;
};

}  // namespace

SearchStatement select_rows(const SearchEntity& entity, const SearchQuery& query, const SearchPart& part) {
  return Select(entity, query, part).write();
}

void add_scopes(SearchStatement& statement, std::span<const SearchScope> scopes, ScopeIndex index) {
  std::string_view separator = "(";
  for (const SearchScope& scope : scopes) {
    statement.add(separator);
    separator = " OR ";
    std::string_view between;
    for (const auto& [column, value] : scope) {
      statement.add(between).add(column);
      statement.add(index == ScopeIndex::kUsed ? " = " : " IS NOT DISTINCT FROM ").add_value(value);
      between = " AND ";
    }
    if (scope.empty()) statement.add("1 = 1");
  }
  statement.add(")");
}

}  // namespace slipway

#include "tracking/search_statement.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slipway {
namespace {

std::string_view symbol(SearchOperator op) {
  switch (op) {
    case SearchOperator::kEqual:
      return " = ";
    case SearchOperator::kNotEqual:
      return " <> ";
    case SearchOperator::kLess:
      return " < ";
    case SearchOperator::kLessEqual:
      return " <= ";
    case SearchOperator::kGreater:
      return " > ";
    case SearchOperator::kGreaterEqual:
      return " >= ";
    case SearchOperator::kIn:
      return " IN (";
    case SearchOperator::kNotIn:
      return " NOT IN (";
    default:
      return " LIKE ";
  }
}

// A to Z only, as lower() of both databases is on columns of the collation "C".
std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// A backslash stands for itself, which PostgreSQL must be told.
void add_pattern(SearchStatement& statement, std::string pattern) {
  if (pattern.find('\\') == std::string::npos) {
    statement.add_value(std::move(pattern));
    return;
  }
  std::string escaped;
  for (const char c : pattern) escaped.append(c == '\\' ? 2 : 1, c);
  statement.add_value(std::move(escaped)).add(" ESCAPE '\\'");
}

// An integer column and a real: `start_time > 1.5` is `start_time >= 2`.
void add_integer_comparison(SearchStatement& statement, std::string_view column, SearchOperator op, double real) {
  constexpr double kBound = 9223372036854775808.0;  // 2^63
  const bool is_integral = std::floor(real) == real && real >= -kBound && real < kBound;
  if (!is_integral && op == SearchOperator::kEqual) {
    statement.add("1 = 0");
  } else if (!is_integral && op == SearchOperator::kNotEqual) {
    statement.add(column).add(" IS NOT NULL");
  } else if (!(real < kBound)) {
    const bool holds = op == SearchOperator::kLess || op == SearchOperator::kLessEqual;
    statement.add(holds ? column : "1 = 0").add(holds ? " IS NOT NULL" : "");
  } else if (real < -kBound) {
    const bool holds = op == SearchOperator::kGreater || op == SearchOperator::kGreaterEqual;
    statement.add(holds ? column : "1 = 0").add(holds ? " IS NOT NULL" : "");
  } else {
    if (!is_integral && op == SearchOperator::kLess) op = SearchOperator::kLessEqual;
    if (!is_integral && op == SearchOperator::kGreater) op = SearchOperator::kGreaterEqual;
    const bool is_upper = op == SearchOperator::kLess || op == SearchOperator::kLessEqual;
    const double integral = is_upper ? std::floor(real) : std::ceil(real);
    statement.add(column).add(symbol(op)).add_value(static_cast<std::int64_t>(integral));
  }
}

void add_comparison(SearchStatement& statement, std::string_view column, const SearchClause& clause) {
  switch (clause.op) {
    case SearchOperator::kIn:
    case SearchOperator::kNotIn: {
      statement.add(column).add(symbol(clause.op));
      std::string_view separator;
      for (const SqlValue& value : clause.values) {
        statement.add(separator).add_value(value);
        separator = ", ";
      }
      statement.add(")");
      return;
    }
    case SearchOperator::kLike:
      statement.add(column).add(" LIKE ");
      return add_pattern(statement, std::get<std::string>(clause.values.front()));
    case SearchOperator::kIlike:
      statement.add("lower(").add(column).add(") LIKE ");
      return add_pattern(statement, lower(std::get<std::string>(clause.values.front())));
    default:
      break;
  }
  const auto* real = std::get_if<double>(&clause.values.front());
  if (real != nullptr && type_of(clause.name) == SearchType::kInteger) {
    return add_integer_comparison(statement, column, clause.op, *real);
  }
  statement.add(column).add(symbol(clause.op)).add_value(clause.values.front());
}

// NaN equals nothing and is neither less nor greater.
void add_number_comparison(SearchStatement& statement, const SearchClause& clause) {
  if (clause.op == SearchOperator::kNotEqual) {
    statement.add("(");
    add_comparison(statement, "x.value", clause);
    statement.add(" OR x.is_nan = 1)");
  } else {
    add_comparison(statement, "x.value", clause);
    statement.add(" AND x.is_nan = 0");
  }
}

}  // namespace

SearchStatement& SearchStatement::add_value(SqlValue value) {
  arguments_.push_back(std::move(value));
  text_.append("$").append(std::to_string(arguments_.size()));
  return *this;
}

void add_group_condition(SearchStatement& statement, const SearchClause& clause) {
  const SearchGroup& group = *clause.name.group;
  if (clause.name.field != nullptr) return add_comparison(statement, clause.name.field->column, clause);
  statement.add("x.key = ").add_value(clause.name.key);
  if (clause.values.empty()) return;  // IS NULL, IS NOT NULL
  statement.add(" AND ");
  if (group.kind == SearchGroupKind::kNumbers) return add_number_comparison(statement, clause);
  add_comparison(statement, "x.value", clause);
}

void add_source_condition(SearchStatement& statement, const SearchClause& clause) {
  const bool is_equal = clause.op == SearchOperator::kEqual || clause.op == SearchOperator::kIn;
  if (clause.name.group->kind == SearchGroupKind::kTexts && is_equal) {
    // What an index of PostgreSQL has of a value that may be long.
    std::string_view separator = "substr(x.value, 1, 200) IN (";
    for (const SqlValue& value : clause.values) {
      statement.add(separator).add("substr(").add_value(value).add(", 1, 200)");
      separator = ", ";
    }
    statement.add(") AND ");
  }
  add_group_condition(statement, clause);
}

void add_clause(SearchStatement& statement, const SearchEntity& entity, const SearchClause& clause) {
  const SearchGroup& group = *clause.name.group;
  if (group.kind == SearchGroupKind::kAttributes) {
    return add_comparison(statement, clause.name.field->column, clause);
  }
  if (clause.op == SearchOperator::kIsNull) statement.add("NOT ");
  statement.add("EXISTS (SELECT 1 FROM ").add(group.from).add(" WHERE ");
  statement.add(group.owner).add(" = ").add(entity.key).add(" AND ");
  add_group_condition(statement, clause);
  // Tried row by row: with the OFFSET PostgreSQL makes no join of it, whose cost it would guess wrongly.
  statement.add(" LIMIT 1 OFFSET 0)");
}

namespace {

void add_after_one(SearchStatement& statement, const SearchOrder& order, const OrderColumns& columns,
                   const SearchPlace& place) {
  if (place.rank == SearchPlace::Rank::kMissing) {
    statement.add("1 = 0");
    return;
  }
  if (place.rank == SearchPlace::Rank::kNan) {
    statement.add(columns.rank).add(" > 1");
    return;
  }
  if (!columns.rank.empty()) statement.add("(").add(columns.rank).add(" > 0 OR ");
  statement.add(columns.value).add(order.is_ascending ? " > " : " < ").add_value(place.value);
  if (!columns.rank.empty()) statement.add(")");
}

void add_equal_one(SearchStatement& statement, const OrderColumns& columns, const SearchPlace& place) {
  if (place.rank != SearchPlace::Rank::kValue) {
    statement.add(columns.rank).add(place.rank == SearchPlace::Rank::kNan ? " = 1" : " = 2");
    return;
  }
  if (!columns.rank.empty()) statement.add(columns.rank).add(" = 0 AND ");
  statement.add(columns.value).add(" = ").add_value(place.value);
}

void add_after_all(SearchStatement& statement, std::span<const SearchOrder> orders,
                   std::span<const OrderColumns> columns, std::span<const SearchPlace> places) {
  statement.add("(");
  add_after_one(statement, orders[0], columns[0], places[0]);
  if (orders.size() > 1) {
    statement.add(" OR (");
    add_equal_one(statement, columns[0], places[0]);
    statement.add(" AND ");
    add_after_all(statement, orders.subspan(1), columns.subspan(1), places.subspan(1));
    statement.add(")");
  }
  statement.add(")");
}

}  // namespace

void add_after(SearchStatement& statement, std::span<const SearchOrder> orders, std::span<const OrderColumns> columns,
               std::span<const SearchPlace> places) {
  if (columns[0].rank.empty()) {
    // Follows from the rest, but is what an index can start from.
    statement.add(columns[0].value).add(orders[0].is_ascending ? " >= " : " <= ").add_value(places[0].value);
    statement.add(" AND ");
  }
  add_after_all(statement, orders, columns, places);
}

}  // namespace slipway

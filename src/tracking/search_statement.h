// A statement under construction: its text, and the arguments that its $1, $2, … stand for.
#pragma once

#include <string>
#include <string_view>

#include "storage/sql.h"
#include "tracking/search_filter.h"
#include "tracking/search_token.h"

namespace slipway {

class SearchStatement {
 public:
  explicit SearchStatement(SqlArguments arguments) : arguments_(std::move(arguments)) {}

  SearchStatement& add(std::string_view sql) {
    text_ += sql;
    return *this;
  }
  // "$7", which stands for `value`.
  SearchStatement& add_value(SqlValue value);

  const std::string& text() const noexcept { return text_; }
  const SqlArguments& arguments() const noexcept { return arguments_; }

 private:
  std::string text_;
  SqlArguments arguments_;
};

// The condition that a row of `entity` meets the clause.
void add_clause(SearchStatement& statement, const SearchEntity& entity, const SearchClause& clause);

// SQL for what a row is ordered by first and then: "0" where every row has a value.
struct OrderColumns {
  std::string rank;
  std::string value;
};

// The condition that a row comes after these places. Precondition: as many of each; not empty.
void add_after(SearchStatement& statement, std::span<const SearchOrder> orders, std::span<const OrderColumns> columns,
               std::span<const SearchPlace> places);

}  // namespace slipway

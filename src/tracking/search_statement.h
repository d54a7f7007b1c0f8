// A statement under construction: its text, and the arguments that its $1, $2, … stand for.
#pragma once

#include <string>
#include <string_view>
#include <utility>

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
  // What `write` adds, taken off the statement again, to be added where it is needed, several times too.
  template <typename Write>
  std::string part(Write&& write) {
    std::string before = std::exchange(text_, {});
    write();
    return std::exchange(text_, std::move(before));
  }

  const std::string& text() const noexcept { return text_; }
  const SqlArguments& arguments() const noexcept { return arguments_; }

 private:
  std::string text_;
  SqlArguments arguments_;
};

// The condition that a row of `entity` meets the clause.
void add_clause(SearchStatement& statement, const SearchEntity& entity, const SearchClause& clause);

// The condition that a row x of the clause's group is what the clause asks for.
void add_group_condition(SearchStatement& statement, const SearchClause& clause);
// The same, in the words of the indexes of a SearchSource.
void add_source_condition(SearchStatement& statement, const SearchClause& clause);

// SQL for what a row is ordered by: first by the rank, "" where it is the same for all rows, then by the value, ""
// where that is.
struct OrderColumns {
  std::string rank;
  std::string value;
};

// The condition that a row comes after these places. Precondition: as many of each; not empty.
void add_after(SearchStatement& statement, std::span<const SearchOrder> orders, std::span<const OrderColumns> columns,
               std::span<const SearchPlace> places);

}  // namespace slipway

#include "tracking/search_filter.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "tracking/search.h"
#include "tracking/search_cursor.h"

namespace slipway {
namespace {

constexpr std::size_t kFilterValuesMax = 2000;
constexpr std::size_t kOrderBytesMax = 4096;

struct Comparison {
  std::string_view text;
  SearchOperator op;
};
constexpr std::array kComparisons{
    Comparison{"=", SearchOperator::kEqual},   Comparison{"!=", SearchOperator::kNotEqual},
    Comparison{"<", SearchOperator::kLess},    Comparison{"<=", SearchOperator::kLessEqual},
    Comparison{">", SearchOperator::kGreater}, Comparison{">=", SearchOperator::kGreaterEqual},
};

bool has_any_key(const SearchGroup& group) {
  return group.kind == SearchGroupKind::kTexts || group.kind == SearchGroupKind::kNumbers;
}

bool is_called(const std::vector<std::string>& names, std::string_view text) {
  return std::ranges::find(names, text) != names.end();
}

// "metrics, params or tags".
template <typename Range>
std::string any_of(const Range& range) {
  std::string text;
  std::size_t left = range.size();
  for (const std::string& each : range) {
    --left;
    text.append(each).append(left == 0 ? "" : left == 1 ? " or " : ", ");
  }
  return text;
}

enum class Use : std::uint8_t { kFilter, kOrder };

bool serves(const SearchField& field, Use use) { return use == Use::kFilter ? field.is_filtered : field.is_ordered; }

// Names, as filters and orders have them in common.
class NameParser {
 public:
  NameParser(const SearchEntity& entity, SearchCursor& cursor, Use use)
      : entity_(&entity), cursor_(&cursor), use_(use) {}

  Result<SearchName> parse() {
    cursor_->skip_space();
    const std::size_t place = cursor_->place();
    SLIPWAY_TRY(const std::string_view first, part(false));
    if (!cursor_->is_at('.')) return field(entity_->groups.front(), first, place);
    cursor_->take('.');
    const auto group = std::ranges::find_if(entity_->groups, [&](const SearchGroup& each) {
      return is_called(each.names, first) && (use_ == Use::kFilter || each.kind != SearchGroupKind::kRelated);
    });
    if (group == entity_->groups.end()) {
      return cursor_->refuse(place, "found " + quoted(first) + " before a dot; expected " + any_of(group_names()));
    }
    const std::size_t key_place = cursor_->place();
    SLIPWAY_TRY(const std::string_view key, part(true));
    if (!has_any_key(*group)) return field(*group, key, key_place);
    return SearchName{&*group, nullptr, std::string(key)};
  }

 private:
  Result<std::string_view> part(bool has_dots) {
    if (cursor_->is_at('"') || cursor_->is_at('`') || (has_dots && cursor_->is_at('\''))) return cursor_->take_quoted();
    const std::string_view word = cursor_->take_word(has_dots);
    if (word.empty()) return cursor_->expected(has_dots ? "a key, in \"…\" where it has other characters" : "a name");
    return word;
  }

  Result<SearchName> field(const SearchGroup& group, std::string_view name, std::size_t place) const {
    std::vector<std::string> known;
    for (const SearchField& each : group.fields) {
      if (!serves(each, use_)) continue;
      if (is_called(each.names, name)) return SearchName{&group, &each, {}};
      known.push_back(each.names.front());
    }
    return cursor_->refuse(place, "found " + quoted(name) + "; expected " + any_of(known) + more_names(group));
  }

  std::string more_names(const SearchGroup& group) const {
    if (&group != &entity_->groups.front() || entity_->groups.size() == 1) return {};
    return ", or a key of " + any_of(group_names());
  }

  std::vector<std::string> group_names() const {
    std::vector<std::string> names;
    for (const SearchGroup& each : entity_->groups) {
      if (use_ == Use::kFilter || each.kind != SearchGroupKind::kRelated) names.push_back(each.names.front());
    }
    return names;
  }

  const SearchEntity* entity_;
  SearchCursor* cursor_;
  Use use_;
};

class FilterParser {
 public:
  FilterParser(const SearchEntity& entity, std::string_view filter)
      : entity_(&entity), cursor_(filter, "filter", "search.invalid_filter") {}

  Result<std::vector<SearchClause>> parse() {
    SLIPWAY_CHECK(cursor_.check_text(kFilterBytesMax));
    std::vector<SearchClause> clauses;
    for (;;) {
      while (cursor_.take_keyword("AND")) {  // also one too many, as programs that join clauses leave behind
      }
      if (cursor_.is_at_end()) return clauses;
      if (clauses.size() == kFilterClausesMax) {
        return cursor_.refuse(cursor_.place(), "expected at most " + std::to_string(kFilterClausesMax) + " clauses");
      }
      SLIPWAY_TRY(clauses.emplace_back(), clause());
      if (!cursor_.is_at_end() && !cursor_.is_at_keyword("AND")) {
        return cursor_.expected("AND or the end of the filter");
      }
    }
  }

 private:
  Result<SearchClause> clause() {
    SearchClause clause;
    SLIPWAY_TRY(clause.name, NameParser(*entity_, cursor_, Use::kFilter).parse());
    SLIPWAY_TRY(clause.op, take_operator(clause.name));
    switch (clause.op) {
      case SearchOperator::kIsNull:
      case SearchOperator::kIsNotNull:
        break;
      case SearchOperator::kIn:
      case SearchOperator::kNotIn: {
        SLIPWAY_TRY(clause.values, list());
        break;
      }
      default: {
        SLIPWAY_TRY(SqlValue value, take_value(clause.name));
        clause.values.push_back(std::move(value));
      }
    }
    return clause;
  }

  Result<SearchOperator> take_operator(const SearchName& name) {
    const bool is_text = type_of(name) == SearchType::kText;
    cursor_.skip_space();
    const std::size_t place = cursor_.place();
    if (const std::string_view text = cursor_.take_comparison(); !text.empty()) {
      const auto found = std::ranges::find(kComparisons, text, &Comparison::text);
      if (found != kComparisons.end() && (!is_text || found->op <= SearchOperator::kNotEqual)) return found->op;
      return cursor_.refuse(place, "found " + quoted(text) + "; expected " + operators(name));
    }
    if (is_text) {
      if (cursor_.take_keyword("LIKE")) return SearchOperator::kLike;
      if (cursor_.take_keyword("ILIKE")) return SearchOperator::kIlike;
      if (cursor_.take_keyword("IN")) return SearchOperator::kIn;
      if (cursor_.take_keyword("NOT")) {
        if (cursor_.take_keyword("IN")) return SearchOperator::kNotIn;
        return cursor_.expected("IN after NOT");
      }
    }
    if (has_any_key(*name.group) && cursor_.take_keyword("IS")) {
      const bool is_not = cursor_.take_keyword("NOT");
      if (cursor_.take_keyword("NULL")) return is_not ? SearchOperator::kIsNotNull : SearchOperator::kIsNull;
      return cursor_.expected("NULL or NOT NULL after IS");
    }
    return cursor_.expected(operators(name));
  }

  static std::string operators(const SearchName& name) {
    std::string known =
        type_of(name) == SearchType::kText ? "=, !=, LIKE, ILIKE, IN or NOT IN" : "=, !=, <, <=, > or >=";
    if (has_any_key(*name.group)) known += ", IS NULL or IS NOT NULL";
    return known;
  }

  Result<std::vector<SqlValue>> list() {
    constexpr std::string_view kExpected = "a list of texts in parentheses, such as ('a', 'b')";
    if (!cursor_.take('(')) return cursor_.expected(kExpected);
    std::vector<SqlValue> texts;
    if (cursor_.is_next(')')) return cursor_.expected("a text in the list before its end");
    while (!cursor_.take(')')) {
      if (++values_ > kFilterValuesMax) {
        return cursor_.refuse(cursor_.place(),
                              "expected at most " + std::to_string(kFilterValuesMax) + " texts in all lists");
      }
      SLIPWAY_TRY(const std::string_view text, take_text(kExpected));
      texts.emplace_back(std::string(text));
      if (!cursor_.take(',') && !cursor_.is_next(')')) return cursor_.expected("a comma or the end of the list: )");
    }
    return texts;
  }

  Result<std::string_view> take_text(std::string_view expected) {
    if (!cursor_.is_at_quote() || cursor_.is_at('`')) return cursor_.expected(expected);
    return cursor_.take_quoted();
  }

  Result<SqlValue> take_value(const SearchName& name) {
    if (type_of(name) == SearchType::kText) {
      SLIPWAY_TRY(const std::string_view text, take_text("a text in quotes, such as 'a'"));
      return SqlValue(std::string(text));
    }
    if (name.field != nullptr && name.field->may_be_quoted && cursor_.is_at_quote()) return quoted_integer();
    SLIPWAY_TRY(const auto number, cursor_.take_number());
    if (const auto* integer = std::get_if<std::int64_t>(&number); integer != nullptr) {
      if (type_of(name) == SearchType::kReal) return SqlValue(static_cast<double>(*integer));
      return SqlValue(*integer);
    }
    return SqlValue(std::get<double>(number));
  }

  Result<SqlValue> quoted_integer() {
    const std::size_t place = cursor_.place();
    SLIPWAY_TRY(const std::string_view text, cursor_.take_quoted());
    std::int64_t integer = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), integer);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
      return cursor_.refuse(place, "found " + quoted(text) + "; expected an integer");
    }
    return SqlValue(integer);
  }

  const SearchEntity* entity_;
  SearchCursor cursor_;
  std::size_t values_ = 0;
};

Result<SearchOrder> parse_one_order(const SearchEntity& entity, std::string_view text) {
  SearchCursor cursor(text, "order_by", "search.invalid_order");
  SLIPWAY_CHECK(cursor.check_text(kOrderBytesMax));
  SearchOrder order;
  SLIPWAY_TRY(order.name, NameParser(entity, cursor, Use::kOrder).parse());
  if (cursor.take_keyword("DESC")) {
    order.is_ascending = false;
  } else {
    cursor.take_keyword("ASC");
  }
  if (!cursor.is_at_end()) return cursor.expected("ASC, DESC or the end");
  return order;
}

bool is_ordered_by(const std::vector<SearchOrder>& orders, const SearchName& name) {
  return std::ranges::find(orders, name, &SearchOrder::name) != orders.end();
}

void append_own(std::vector<SearchOrder>& orders, const SearchEntity& entity,
                const std::vector<SearchEntity::Order>& own) {
  const SearchGroup& attributes = entity.groups.front();
  for (const SearchEntity::Order& each : own) {
    for (const SearchField& field : attributes.fields) {
      const SearchName name{&attributes, &field, {}};
      if (field.is_ordered && field.names.front() == each.name && !is_ordered_by(orders, name)) {
        orders.push_back({name, each.is_ascending});
      }
    }
  }
}

Status check_order_count(std::size_t count) {
  if (count <= kOrderClausesMax) return {};
  return fail(Code::kInvalidArgument, "search.invalid_order",
              "order_by: " + std::to_string(count) + " orders; accepted are up to " + std::to_string(kOrderClausesMax));
}

}  // namespace

SearchType type_of(const SearchName& name) {
  if (name.field != nullptr) return name.field->type;
  return name.group->kind == SearchGroupKind::kNumbers ? SearchType::kReal : SearchType::kText;
}

Result<std::vector<SearchClause>> parse_search_filter(const SearchEntity& entity, std::string_view filter) {
  return FilterParser(entity, filter).parse();
}

Result<std::vector<SearchOrder>> parse_search_order(const SearchEntity& entity, std::span<const std::string> order_by) {
  SLIPWAY_CHECK(check_order_count(order_by.size()));
  std::vector<SearchOrder> orders;
  for (const std::string& text : order_by) {
    SLIPWAY_TRY(orders.emplace_back(), parse_one_order(entity, text));
  }
  return complete_search_order(entity, std::move(orders));
}

Result<std::vector<SearchOrder>> complete_search_order(const SearchEntity& entity, std::vector<SearchOrder> orders) {
  SLIPWAY_CHECK(check_order_count(orders.size()));
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const SearchName& name = orders[i].name;
    if (std::ranges::count(orders, name, &SearchOrder::name) == 1) continue;
    return fail(Code::kInvalidArgument, "search.invalid_order",
                "order_by: " + quoted(name.field == nullptr ? name.key : name.field->names.front()) +
                    " is there twice; expected each name once");
  }
  if (orders.empty()) append_own(orders, entity, entity.default_order);
  append_own(orders, entity, entity.last_order);
  return orders;
}

}  // namespace slipway

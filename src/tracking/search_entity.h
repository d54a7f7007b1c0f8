// What a search may look at and where that lies in SQL: one SearchEntity for each thing that is searched (runs,
// experiments, registered models, …). Plain values, made once and then constant; everything in them is our own text.
//
//   SearchEntity models;
//   models.list = "registered_models";
//   models.from = "models e";
//   models.key = "e.name";
//   models.columns = "e.name, e.description";
//   models.groups = {{.names = {"attributes", "attribute"},
//                     .fields = {{.names = {"name"}, .column = "e.name"},
//                                {.names = {"last_updated_timestamp", "timestamp"}, .column = "e.updated_at",
//                                 .type = SearchType::kInteger, .is_filtered = false}}},
//                    {.names = {"tags", "tag"}, .kind = SearchGroupKind::kTexts, .from = "model_tags x",
//                     .owner = "x.model"}};
//   models.last_order = {{"name", true}};
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slipway {

enum class SearchType : std::uint8_t {
  kText,     // = != LIKE ILIKE IN NOT IN
  kInteger,  // = != < <= > >=
  kReal,     // likewise
};

// A value with a name that is known beforehand.
struct SearchField {
  std::vector<std::string> names;  // the first is shown in messages; the others stand for it
  std::string column;              // SQL: "e.start_time"; an expression too
  std::string order_column;        // what rows are ordered by instead of `column`, of the same type; "" for the same
  SearchType type = SearchType::kText;
  bool is_nullable = false;
  bool is_filtered = true;     // false: a search is ordered by it only
  bool is_ordered = true;      // false: a search is filtered by it only
  bool may_be_quoted = false;  // an integer that may also be written '3'
};

enum class SearchGroupKind : std::uint8_t {
  kAttributes,  // columns of the entity itself
  kRelated,     // columns of other rows, of which each entity has several: one of them must match; no order
  kTexts,       // rows (key, value) of any key; also IS NULL and IS NOT NULL: whether there is such a key
  kNumbers,     // rows (key, value, is_nan) of any key
};

// Rows x that an index finds by (key, is_nan, value), or of texts by (key, value) on SQLite and by (key, substr(value,
// 1, 200)) on PostgreSQL.
struct SearchSource {
  std::string from;   // "run_params x"
  std::string where;  // "" or what these rows and the entity's must meet together
};

struct SearchGroup {
  std::vector<std::string> names;  // "params", "param", …; the first is shown
  SearchGroupKind kind = SearchGroupKind::kAttributes;
  std::string from;                 // SQL, its rows called x: "run_params x"; "" for kAttributes
  std::string owner;                // what equals the entity's key: "x.run"
  std::vector<SearchField> fields;  // of kAttributes and kRelated
  // Together all rows of `from`, each once. Empty: rows are found by owner and key only, so that a search looks at
  // every row of the entity until its page is full.
  std::vector<SearchSource> by_value = {};
};

struct SearchEntity {
  // An attribute by its first name.
  struct Order {
    std::string name;
    bool is_ascending = true;
  };

  std::string list;                  // names the list in page tokens
  std::string from;                  // SQL: "runs e"; x, p and o0, o1, … are names of ours
  std::string key;                   // unique, not null: "e.number"
  std::string where;                 // what every row must meet, "" for nothing: "e.stage <> 'deleted'"
  std::string columns;               // what is selected of each row found, from
  std::string columns_from;          // … this, "" for `from`: "runs e JOIN experiments f ON f.id = e.experiment_id"
  std::vector<SearchGroup> groups;   // names without a group are looked up in the first, the attributes
  std::vector<Order> default_order;  // where the client gives none
  std::vector<Order> last_order;     // always after it, but for what it names already; ends with something unique
};

}  // namespace slipway

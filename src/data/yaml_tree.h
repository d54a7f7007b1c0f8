// A YAML document as a tree whose every node knows its line and column.
//
// Strict where YAML is loose: one document, text keys, no duplicate key, no merge key, no tag but !!str. Anchors and
// aliases work, and an alias costs what it expands to, so a small file cannot describe a large tree.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::yaml {

struct Limits {
  std::size_t text_bytes_max = 1 << 20;
  std::size_t nodes_max = 50'000;  // after aliases are expanded
  std::size_t depth_max = 32;
  std::string_view subject = "contract";  // what the text is: begins the reasons of errors and stands in their messages
};

// From 1, as editors count.
struct Position {
  int line = 1;
  int column = 1;
};

struct Node;

struct Entry {
  std::string key;
  Position position;
  const Node* value = nullptr;
};

struct Node {
  enum class Kind : unsigned char { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  bool is_quoted = false;  // a scalar that can only be text
  Position position;
  std::string text;
  std::vector<const Node*> items;
  std::vector<Entry> entries;
  std::size_t expanded_nodes = 1;
  std::size_t depth = 1;

  const Node* find(std::string_view key) const noexcept;  // nullptr if absent or not a map
};

// "line 3, column 7"
std::string to_string(Position position);

class Document {
 public:
  // Fails with invalid_argument, reason SUBJECT.syntax, SUBJECT.duplicate_key or SUBJECT.too_large; the message
  // starts with the position.
  static Result<Document> parse(std::string_view text, const Limits& limits = {});

  const Node& root() const noexcept { return *root_; }

 private:
  std::deque<Node> nodes_;  // addresses stay when the document moves
  const Node* root_ = nullptr;

  friend class TreeBuilder;
};

}  // namespace slipway::yaml

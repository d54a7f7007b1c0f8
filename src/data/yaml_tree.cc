#include "data/yaml_tree.h"

#include <algorithm>
#include <istream>
#include <map>
#include <streambuf>
#include <utility>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/bytes.h"

namespace slipway::yaml {
namespace {

// Thrown out of yaml-cpp's callbacks and caught in Document::parse.
struct Refusal {
  std::string reason;
  Position position;
  std::string message;
};

class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf's interface; an input buffer is never written
    setg(begin, begin, begin + text.size());
  }
};

Position position_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

Error refused(const Limits& limits, const Refusal& refusal) {
  return {Code::kInvalidArgument,
          std::string(limits.subject) + "." + refusal.reason,
          to_string(refusal.position) + ": " + refusal.message,
          {}};
}

tl::unexpected<Error> refuse_whole(const Limits& limits, const std::string& reason, const std::string& message) {
  const std::string subject(limits.subject);
  return fail(Code::kInvalidArgument, subject + "." + reason, "the " + subject + " " + message);
}

}  // namespace

// Builds the tree bottom up from the parser's events.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Document& document, const Limits& limits) : document_(document), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node& node = add(Node::Kind::kNull, position_of(mark), anchor);
    place(node, node.position);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    const bool is_open = std::any_of(open_.begin(), open_.end(), [&](const Frame& frame) {
      return found != anchors_.end() && frame.node == found->second;
    });
    if (found == anchors_.end() || is_open) {
      throw Refusal{"syntax", position_of(mark), "an alias cannot stand inside what it names"};
    }
    place(*found->second, position_of(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool is_text = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!is_text) refuse_tag(mark, tag);
    Node& node = add(Node::Kind::kScalar, position_of(mark), anchor);
    node.text = value;
    node.is_quoted = is_text;
    place(node, node.position);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(add(Node::Kind::kList, position_of(mark), anchor));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(add(Node::Kind::kMap, position_of(mark), anchor));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node* node;
    const Node* key = nullptr;  // in a map: the key that waits for its value
    Position key_position;
  };

  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Refusal{"syntax", position_of(mark), "the tag " + quoted(tag) + " is not supported"};
  }

  Node& add(Node::Kind kind, Position position, YAML::anchor_t anchor) {
    if (document_.nodes_.size() >= limits_.nodes_max) too_many(position);
    Node& node = document_.nodes_.emplace_back();
    node.kind = kind;
    node.position = position;
    if (anchor != 0) anchors_[anchor] = &node;
    return node;
  }

  void open(Node& node) {
    if (open_.size() >= limits_.depth_max) too_deep(node.position);
    open_.push_back({&node, nullptr, {}});
  }

  void close() {
    Node& node = *open_.back().node;
    open_.pop_back();
    place(node, node.position);
  }

  // Puts a finished node where it belongs: the root, an item, a key or a value.
  void place(Node& node, Position position) {
    if (open_.empty()) {
      document_.root_ = &node;
      return;
    }
    Frame& frame = open_.back();
    Node& parent = *frame.node;
    if (parent.kind == Node::Kind::kMap && frame.key == nullptr) {
      take_key(frame, node, position);
      return;
    }
    parent.expanded_nodes += node.expanded_nodes;
    parent.depth = std::max(parent.depth, node.depth + 1);
    if (parent.expanded_nodes > limits_.nodes_max) too_many(position);
    if (parent.depth > limits_.depth_max) too_deep(position);
    if (parent.kind == Node::Kind::kList) {
      parent.items.push_back(&node);
      return;
    }
    parent.entries.push_back({frame.key->text, frame.key_position, &node});
    frame.key = nullptr;
  }

  static void take_key(Frame& frame, const Node& key, Position position) {
    if (key.kind != Node::Kind::kScalar) throw Refusal{"syntax", position, "a key must be plain text"};
    if (key.text == "<<") throw Refusal{"syntax", position, "merge keys (<<) are not supported"};
    if (const Node* earlier = frame.node->find(key.text)) {
      throw Refusal{"duplicate_key", position,
                    "the key " + quoted(key.text) + " stands twice; the first is near " + to_string(earlier->position)};
    }
    frame.key = &key;
    frame.key_position = position;
  }

  [[noreturn]] void too_many(Position position) const {
    throw Refusal{"too_large", position, "more than " + std::to_string(limits_.nodes_max) + " nodes"};
  }
  [[noreturn]] void too_deep(Position position) const {
    throw Refusal{"too_large", position, "nested deeper than " + std::to_string(limits_.depth_max) + " levels"};
  }

  Document& document_;
  const Limits& limits_;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, Node*> anchors_;
};

const Node* Node::find(std::string_view key) const noexcept {
  for (const Entry& entry : entries) {
    if (entry.key == key) return entry.value;
  }
  return nullptr;
}

std::string to_string(Position position) {
  return "line " + std::to_string(position.line) + ", column " + std::to_string(position.column);
}

Result<Document> Document::parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.text_bytes_max) {
    return refuse_whole(limits, "too_large",
                        "has " + std::to_string(text.size()) + " bytes; at most " +
                            std::to_string(limits.text_bytes_max) + " are accepted");
  }
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
    return refuse_whole(limits, "syntax", "is not UTF-8 text");
  }
  Document document;
  try {
    TextBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    TreeBuilder builder(document, limits);
    if (!parser.HandleNextDocument(builder) || document.root_ == nullptr) {
      return refuse_whole(limits, "syntax", "is empty");
    }
    const Node* root = document.root_;
    if (parser.HandleNextDocument(builder)) {
      return fail(refused(limits, {"syntax", document.root_->position, "a second document; one is accepted"}));
    }
    document.root_ = root;
  } catch (const Refusal& refusal) {
    return fail(refused(limits, refusal));
  } catch (const YAML::Exception& problem) {
    return fail(refused(limits, {"syntax", position_of(problem.mark), problem.msg}));
  }
  return document;
}

}  // namespace slipway::yaml

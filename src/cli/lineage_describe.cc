#include "cli/lineage_describe.h"

#include <fmt/format.h>
#include <map>
#include <set>
#include <vector>

#include "cli/json_fields.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

// "dataset clean (s3://b) 3f2a…", "version iris@1.0.0", "run 2f…".
std::string label_of(const json::object& node) {
  const std::string kind = text_at(node, "kind");
  const std::string space = text_at(node, "namespace");
  const std::string version = text_at(node, "version");
  std::string name = text_at(node, "name");
  if (kind == "version") return clean(kind + ' ' + name + '@' + version);
  if (kind == "release") return clean(kind + ' ' + space + '@' + name);
  std::string text = kind + ' ' + name;
  if (!space.empty()) text += " (" + space + ')';
  if (!version.empty()) text += ' ' + (version.size() > 40 ? short_digest(version) : version);
  return clean(text);
}

class Tree {
 public:
  explicit Tree(const json::object& graph) {
    for (const json::value& item : array_at(graph, "nodes")) {
      const json::object& node = as_object(item);
      labels_[text_at(node, "id")] = label_of(node);
      if (text_at(node, "depth") == "0") roots_.push_back(text_at(node, "id"));
    }
    for (const json::value& item : array_at(graph, "edges")) {
      const json::object& edge = as_object(item);
      upstream_[text_at(edge, "to")].insert(text_at(edge, "from"));
      downstream_[text_at(edge, "from")].insert(text_at(edge, "to"));
    }
  }

  std::string to_string() const {
    std::string text;
    for (const std::string& root : roots_) {
      if (!text.empty()) text += '\n';
      text += labels_.at(root) + '\n';
      text += side("comes from:", root, upstream_) + side("came of it:", root, downstream_);
    }
    return text;
  }

 private:
  using Neighbours = std::map<std::string, std::set<std::string>>;

  std::string side(std::string_view title, const std::string& root, const Neighbours& next) const {
    std::set<std::string> shown = {root};
    std::string below;
    add_below(root, 2, next, shown, below);
    return below.empty() ? "" : fmt::format("  {}\n{}", title, below);
  }

  void add_below(const std::string& id, std::size_t depth, const Neighbours& next, std::set<std::string>& shown,
                 std::string& text) const {
    const auto found = next.find(id);
    if (found == next.end()) return;
    for (const std::string& neighbour : found->second) {
      const auto label = labels_.find(neighbour);
      if (label == labels_.end()) continue;
      const bool is_new = shown.insert(neighbour).second;
      text += fmt::format("{:{}}{}{}\n", "", depth * 2, label->second, is_new ? "" : " (above)");
      if (is_new) add_below(neighbour, depth + 1, next, shown, text);
    }
  }

  std::map<std::string, std::string> labels_;  // by id
  std::vector<std::string> roots_;
  Neighbours upstream_;
  Neighbours downstream_;
};

}  // namespace

std::string describe_lineage(const json::value& value) {
  const json::object& graph = as_object(value);
  std::string text = Tree(graph).to_string();
  if (text_at(graph, "truncated") == "true")
    text += "\nThere is more: ask with --up or --down, a smaller --depth, or a greater --nodes.\n";
  return text;
}

}  // namespace slipway::cli

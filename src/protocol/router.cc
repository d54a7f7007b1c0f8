#include <algorithm>
#include <cassert>

#include "protocol/http.h"

namespace slipway {
namespace {

constexpr std::size_t kMethods = 7;

bool is_parameter(std::string_view segment) noexcept { return segment.starts_with('{') && segment.ends_with('}'); }
bool is_rest(std::string_view segment) noexcept { return is_parameter(segment) && segment.ends_with("...}"); }

// The first segment of a path without its leading "/", which is taken off it.
std::string_view take_segment(std::string_view& path) noexcept {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

}  // namespace

struct Router::Node {
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> rest;
  std::array<const Route*, kMethods> routes{};

  bool has_routes() const noexcept {
    return std::any_of(routes.begin(), routes.end(), [](const Route* route) { return route != nullptr; });
  }

  Node& child(std::string_view segment) {
    if (is_rest(segment)) return made(rest);
    if (is_parameter(segment)) return made(parameter);
    for (auto& [text, node] : literals) {
      if (text == segment) return *node;
    }
    return *literals.emplace_back(std::string(segment), std::make_unique<Node>()).second;
  }

  // `values` collects what parameters stand for, in the order of the pattern.
  const Node* find(std::string_view path, std::vector<std::pair<std::string_view, std::string_view>>& values) const {
    if (path.empty()) return has_routes() ? this : nullptr;
    const std::string_view whole = path;
    const std::string_view segment = take_segment(path);
    for (const auto& [text, node] : literals) {
      if (text != segment) continue;
      if (const Node* found = node->find(path, values)) return found;
      break;
    }
    const std::size_t depth = values.size();
    if (parameter) {
      values.emplace_back(std::string_view(), segment);
      if (const Node* found = parameter->find(path, values)) return found;
      values.resize(depth);
    }
    if (!rest) return nullptr;
    values.emplace_back(std::string_view(), whole);
    return rest.get();
  }

 private:
  static Node& made(std::unique_ptr<Node>& node) {
    if (!node) node = std::make_unique<Node>();
    return *node;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

void Router::add(Route route) {
  assert(route.pattern.starts_with('/'));
  Node* node = root_.get();
  std::string_view left = std::string_view(route.pattern).substr(1);
  while (!left.empty()) {
    const std::string_view segment = take_segment(left);
    assert(!is_rest(segment) || left.empty());
    node = &node->child(segment);
  }
  const Route*& place = node->routes[static_cast<std::size_t>(route.method)];
  assert(place == nullptr && "two routes for one method and pattern");
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  place = routes_.back().get();
}

void Router::set_gate(Gate gate) { gate_ = std::move(gate); }
const Gate& Router::gate() const noexcept { return gate_; }

void Router::add_error_writer(std::string prefix, ErrorWriter writer) {
  error_writers_.emplace_back(std::move(prefix), writer);
}

ErrorWriter Router::error_writer(std::string_view path) const noexcept {
  for (const auto& [prefix, writer] : error_writers_) {
    if (path.starts_with(prefix)) return writer;
  }
  return error_response;
}

Router::Match Router::match(Method method, HttpRequest& request) const {
  request.parameters.clear();
  request.route = {};
  std::string_view path = request.path;
  if (!path.empty()) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  const Node* node = root_->find(path, request.parameters);
  if (node == nullptr) {
    request.parameters.clear();
    return {};
  }
  const Route* route = node->routes[static_cast<std::size_t>(method)];
  if (route == nullptr && method == Method::kHead) route = node->routes[static_cast<std::size_t>(Method::kGet)];
  if (route == nullptr) {
    Match match;
    for (const Route* other : node->routes) {
      if (other == nullptr) continue;
      match.allowed.push_back(other->method);
      if (other->method == Method::kGet) match.allowed.push_back(Method::kHead);
    }
    match.allowed.push_back(Method::kOptions);
    std::sort(match.allowed.begin(), match.allowed.end());
    match.allowed.erase(std::unique(match.allowed.begin(), match.allowed.end()), match.allowed.end());
    return match;
  }
  request.route = route->pattern;
  std::string_view left = std::string_view(route->pattern).substr(1);
  for (auto& [name, value] : request.parameters) {
    std::string_view segment = take_segment(left);
    while (!is_parameter(segment)) segment = take_segment(left);
    name = segment.substr(1, segment.size() - (is_rest(segment) ? 5 : 2));
  }
  return {route, {}};
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> all;
  for (const auto& route : routes_) all.push_back(route.get());
  return all;
}

}  // namespace slipway

#include "registry/strict_json.h"

#include <algorithm>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::uint64_t kNaturalMax = (std::uint64_t{1} << 53) - 1;

std::string member_path(const std::string& owner, std::string_view key) {
  return owner.empty() ? std::string(key) : owner + '.' + std::string(key);
}

}  // namespace

tl::unexpected<Error> JsonValue::refuse(std::string_view why) const {
  std::string message = path_.empty() ? "document: " : path_ + ": ";
  message += why;
  Error error{Code::kInvalidArgument, std::string(reason_), std::move(message), {}};
  error.details.push_back({path_, -1, "", std::string(why)});
  return fail(std::move(error));
}

Result<std::string_view> JsonValue::text() const {
  std::string_view value;
  if (element_.get(value) != simdjson::SUCCESS) return refuse("a text is expected");
  return value;
}

Result<std::uint64_t> JsonValue::natural() const {
  std::uint64_t value = 0;
  if (element_.get(value) != simdjson::SUCCESS || value > kNaturalMax)
    return refuse("an integer of 0 to 2^53 - 1 is expected");
  return value;
}

Result<double> JsonValue::number() const {
  double value = 0;
  if (element_.get(value) != simdjson::SUCCESS) return refuse("a number is expected");
  return value;
}

Result<JsonMembers> JsonValue::object() const {
  simdjson::dom::object object;
  if (element_.get(object) != simdjson::SUCCESS) return refuse("an object is expected");
  JsonMembers members(*this);
  for (const auto [key, value] : object) members.left_.emplace_back(key, value);
  std::vector<std::string_view> keys;
  for (const auto& member : members.left_) keys.push_back(member.first);
  std::sort(keys.begin(), keys.end());
  if (const auto twice = std::adjacent_find(keys.begin(), keys.end()); twice != keys.end()) {
    return refuse("the key " + slipway::quoted(*twice) + " stands there twice");
  }
  return members;
}

Result<std::vector<JsonValue>> JsonValue::array(std::size_t count_max) const {
  simdjson::dom::array array;
  if (element_.get(array) != simdjson::SUCCESS) return refuse("a list is expected");
  std::vector<JsonValue> values;
  for (const auto value : array) {
    if (values.size() == count_max) return refuse("more than " + std::to_string(count_max) + " elements");
    values.emplace_back(value, path_ + '[' + std::to_string(values.size()) + ']', reason_);
  }
  return values;
}

std::optional<JsonValue> JsonMembers::take(std::string_view key) {
  const auto found = std::find_if(left_.begin(), left_.end(), [&](const auto& member) { return member.first == key; });
  if (found == left_.end()) return std::nullopt;
  JsonValue value(found->second, member_path(owner_.path(), key), owner_.reason());
  left_.erase(found);
  return value;
}

Result<JsonValue> JsonMembers::require(std::string_view key) {
  auto value = take(key);
  if (!value) return owner_.refuse("the key " + slipway::quoted(key) + " is missing");
  return *std::move(value);
}

std::vector<std::pair<std::string_view, JsonValue>> JsonMembers::take_all() {
  std::vector<std::pair<std::string_view, JsonValue>> all;
  for (const auto& [key, element] : left_) {
    all.emplace_back(key, JsonValue(element, member_path(owner_.path(), key), owner_.reason()));
  }
  left_.clear();
  return all;
}

Status JsonMembers::finish() const {
  if (left_.empty()) return {};
  return owner_.refuse("the key " + slipway::quoted(left_.front().first) + " is unknown here");
}

Result<JsonDocument> JsonDocument::parse(std::string_view text, std::size_t size_max, std::string_view reason) {
  if (text.size() > size_max) {
    return fail(
        Code::kInvalidArgument, reason,
        "document: " + std::to_string(text.size()) + " bytes; at most " + std::to_string(size_max) + " are accepted");
  }
  JsonDocument document;
  document.parser_ = std::make_unique<simdjson::dom::parser>();
  simdjson::dom::element element;
  if (const auto error = document.parser_->parse(text.data(), text.size()).get(element); error != simdjson::SUCCESS) {
    return fail(Code::kInvalidArgument, reason, std::string("document: not JSON: ") + simdjson::error_message(error));
  }
  document.root_.emplace(element, "", reason);
  return document;
}

}  // namespace slipway

// Reads a JSON document whose every key is known: an unknown or repeated key, a wrong type or a missing member is an
// error that says where ("files[3].size"). For control documents, read once. Included by .cc files only: it brings
// simdjson.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway {

class JsonMembers;

// One value and its place. Valid while its JsonDocument lives.
class JsonValue {
 public:
  JsonValue(simdjson::dom::element element, std::string path, std::string_view reason)
      : element_(element), path_(std::move(path)), reason_(reason) {}

  Result<std::string_view> text() const;
  Result<std::uint64_t> natural() const;  // 0 … 2^53 - 1, written as an integer
  Result<double> number() const;
  Result<JsonMembers> object() const;
  Result<std::vector<JsonValue>> array(std::size_t count_max) const;

  simdjson::dom::element element() const noexcept { return element_; }
  const std::string& path() const noexcept { return path_; }
  std::string_view reason() const noexcept { return reason_; }
  // invalid_argument with the document's reason: "files[3].size: WHY".
  tl::unexpected<Error> refuse(std::string_view why) const;

 private:
  simdjson::dom::element element_;
  std::string path_;
  std::string_view reason_;
};

// The members of an object, each taken once.
class JsonMembers {
 public:
  std::optional<JsonValue> take(std::string_view key);
  Result<JsonValue> require(std::string_view key);
  std::vector<std::pair<std::string_view, JsonValue>> take_all();
  std::size_t size() const noexcept { return left_.size(); }  // not yet taken
  Status finish() const;                                      // refuses what was not taken

 private:
  friend class JsonValue;
  explicit JsonMembers(JsonValue owner) : owner_(std::move(owner)) {}

  JsonValue owner_;
  std::vector<std::pair<std::string_view, simdjson::dom::element>> left_;
};

class JsonDocument {
 public:
  // `reason` is the machine reason of each error of this document, a literal.
  static Result<JsonDocument> parse(std::string_view text, std::size_t size_max, std::string_view reason);
  const JsonValue& root() const noexcept { return *root_; }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
  std::optional<JsonValue> root_;
};

}  // namespace slipway

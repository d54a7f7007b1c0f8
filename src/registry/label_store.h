// Tags and aliases of models and versions: what clients write beside what a version is made of, so it may change after
// approval. Which of them need a right, and which are read-only, decides the caller (registry/label_rules.h).
//
// In SQL, inside the caller's transaction; stateless, shared by all threads. Errors: invalid_argument
// "registry.invalid_label"; not_found "alias.not_found"; those of storage/sql.h.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/sql.h"

namespace slipway {

struct Label {
  std::string key;
  std::string value;
  bool operator==(const Label&) const = default;
};

struct ModelAlias {
  std::string alias;
  std::string registration_id;
  std::int64_t number = 0;
};

constexpr std::size_t kTagKeyBytesMax = 250;
constexpr std::size_t kTagValueBytesMax = 100'000;
constexpr std::size_t kAliasBytesMax = 255;

Status check_tag(const Label& tag);
// Letters, digits, "_" and "-"; neither a number with "v" before it nor "latest", which mean versions.
Status check_alias(std::string_view alias);

class LabelStore {
 public:
  Status set_model_tags(Transaction& t, std::string_view model, std::span<const Label> tags) const;
  Status delete_model_tag(Transaction& t, std::string_view model, std::string_view key) const;
  Result<std::vector<Label>> model_tags(Transaction& t, std::string_view model) const;  // by key

  Status set_version_tags(Transaction& t, std::string_view registration_id, std::span<const Label> tags) const;
  Status delete_version_tag(Transaction& t, std::string_view registration_id, std::string_view key) const;
  // By id of their registration, each by key.
  Result<std::map<std::string, std::vector<Label>>> version_tags(Transaction& t,
                                                                 std::span<const std::string> registration_ids) const;

  // Moves it where it exists.
  Status set_alias(Transaction& t, std::string_view model, std::string_view alias,
                   std::string_view registration_id) const;
  Status delete_alias(Transaction& t, std::string_view model, std::string_view alias) const;
  Result<ModelAlias> alias(Transaction& t, std::string_view model, std::string_view alias) const;
  Result<std::vector<ModelAlias>> aliases(Transaction& t, std::string_view model) const;  // by name
  Result<std::map<std::string, std::vector<std::string>>> version_aliases(
      Transaction& t, std::span<const std::string> registration_ids) const;
};

// "WHERE COLUMN IN ($1, …, $64)" with its arguments, for one statement of `ids` at a time: fixed in number, so that the
// statement is prepared once; what is left over repeats the last id. Precondition: not empty.
constexpr std::size_t kIdsAtOnce = 64;
std::string in_ids(std::string_view column);
SqlArguments ids_from(std::span<const std::string> ids, std::size_t first);

}  // namespace slipway

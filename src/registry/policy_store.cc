#include "registry/policy_store.h"

#include <charconv>

#include "base/bytes.h"
#include "registry/model_rows.h"

namespace slipway {
namespace {

constexpr std::string_view kColumns = "endpoint, revision, body, author, created_at";

PolicyRevision read_revision(const Row& row) {
  return {.endpoint = row.text(0),
          .revision = row.integer(1),
          .text = row.text(2),
          .author = row.text(3),
          .created_at = WallTime(std::chrono::microseconds(row.integer(4)))};
}

tl::unexpected<Error> none(std::string_view endpoint) {
  return fail(Code::kNotFound, "policy.not_found", "endpoint " + quoted(endpoint) + " has no policy");
}

}  // namespace

Result<PolicyRevision> PolicyStore::put(Transaction& t, std::string_view endpoint, std::string_view text,
                                        std::string_view author, std::optional<std::int64_t> expected) const {
  SLIPWAY_CHECK(check_text("policy", text, kTextBytesMax));
  SLIPWAY_CHECK(check_principal(author));
  PolicyRevision next{.endpoint = std::string(endpoint),
                      .revision = 1,
                      .text = std::string(text),
                      .author = std::string(author),
                      .created_at = clock_.now()};
  auto last = newest(t, endpoint);
  if (!last && last.error().code != Code::kNotFound) return last;
  const std::int64_t found = last ? last->revision : 0;
  if (expected && *expected != found) {
    return fail(Code::kFailedPrecondition, "policy.changed",
                "the policy of " + quoted(endpoint) + " is at revision " + std::to_string(found) +
                    ", not at revision " + std::to_string(*expected) + "; look at it and try again");
  }
  if (last && last->text == text) return last;
  if (!last && text.empty()) return none(endpoint);
  next.revision = found + 1;
  SLIPWAY_CHECK(
      t.execute("INSERT INTO endpoint_policies (endpoint, revision, body, author, created_at) "
                "VALUES ($1, $2, $3, $4, $5)",
                {next.endpoint, next.revision, next.text, next.author,
                 std::int64_t{next.created_at.time_since_epoch().count()}}));
  return next;
}

Result<PolicyRevision> PolicyStore::newest(Transaction& t, std::string_view endpoint) const {
  static const std::string kSql =
      select(kColumns, "FROM endpoint_policies WHERE endpoint = $1 ORDER BY revision DESC LIMIT 1");
  SLIPWAY_TRY(const auto rows, t.query(kSql, {std::string(endpoint)}));
  if (rows.empty()) return none(endpoint);
  return read_revision(rows.front());
}

Result<PolicyRevision> PolicyStore::get(Transaction& t, std::string_view endpoint, std::int64_t revision) const {
  static const std::string kSql = select(kColumns, "FROM endpoint_policies WHERE endpoint = $1 AND revision = $2");
  SLIPWAY_TRY(const auto rows, t.query(kSql, {std::string(endpoint), revision}));
  if (rows.empty()) {
    return fail(Code::kNotFound, "policy.not_found",
                "the policy of " + quoted(endpoint) + " has no revision " + std::to_string(revision));
  }
  return read_revision(rows.front());
}

Result<Page<PolicyRevision>> PolicyStore::history(Transaction& t, std::string_view endpoint,
                                                  const PageRequest& page) const {
  SLIPWAY_CHECK(check_page_limit(page.limit));
  SLIPWAY_TRY(const std::string key, parse_page_token("policies", page.token));
  std::int64_t before = INT64_MAX;
  if (!key.empty()) {
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), before);
    if (error != std::errc{} || end != key.data() + key.size()) return invalid_page_token(page.token);
  }
  static const std::string kSql =
      select(kColumns, "FROM endpoint_policies WHERE endpoint = $1 AND revision < $2 ORDER BY revision DESC LIMIT $3");
  SLIPWAY_TRY(const auto rows,
              t.query(kSql, {std::string(endpoint), before, static_cast<std::int64_t>(page.limit) + 1}));
  Page<PolicyRevision> found;
  for (const Row& row : rows) {
    if (found.items.size() == page.limit) {
      found.next_token = make_page_token("policies", std::to_string(found.items.back().revision));
      break;
    }
    found.items.push_back(read_revision(row));
  }
  return found;
}

Result<std::vector<PolicyRevision>> PolicyStore::all(Transaction& t) const {
  static const std::string kSql =
      select(kColumns,
             "FROM endpoint_policies p WHERE body <> '' AND revision = "
             "(SELECT max(revision) FROM endpoint_policies q WHERE q.endpoint = p.endpoint) ORDER BY endpoint");
  SLIPWAY_TRY(const auto rows, t.query(kSql));
  std::vector<PolicyRevision> found;
  found.reserve(rows.size());
  for (const Row& row : rows) found.push_back(read_revision(row));
  return found;
}

}  // namespace slipway

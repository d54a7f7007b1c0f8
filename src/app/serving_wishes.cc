#include "app/serving_wishes.h"

namespace slipway {

Status ServingWishes::set(Transaction& t, const std::string& version_id, ServingWish wish,
                          std::string_view author) const {
  SLIPWAY_CHECK(t.execute("DELETE FROM serving_wishes WHERE version_id = $1", {version_id}));
  if (wish == ServingWish::kServed) return {};
  SLIPWAY_CHECK(t.execute("INSERT INTO serving_wishes (version_id, wish, author, changed_at) VALUES ($1, $2, $3, $4)",
                          {version_id, std::string(wish == ServingWish::kPinned ? "pinned" : "unloaded"),
                           std::string(author), std::int64_t{clock_->now().time_since_epoch().count()}}));
  return {};
}

Result<std::map<std::string, ServingWish>> ServingWishes::all(Transaction& t) const {
  SLIPWAY_TRY(const auto rows, t.query("SELECT version_id, wish FROM serving_wishes", {}));
  std::map<std::string, ServingWish> wishes;
  for (const Row& row : rows) {
    wishes.emplace(row.text(0), row.text(1) == "pinned" ? ServingWish::kPinned : ServingWish::kUnloaded);
  }
  return wishes;
}

}  // namespace slipway

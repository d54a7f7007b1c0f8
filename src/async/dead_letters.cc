#include "async/dead_letters.h"

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::size_t kSkippedPagesMax = 50;     // of letters that the caller may not see, for one page
constexpr std::string_view kAboveEveryId = "g";  // ids begin with a hexadecimal digit
constexpr std::string_view kList = "dead-letters";

tl::unexpected<Error> not_found(std::string_view id) {
  return fail(Code::kNotFound, "deadletter.not_found", "dead letter " + quoted(id) + " does not exist");
}

}  // namespace

Result<std::vector<AsyncRequest>> dead_before(Transaction& t, std::string_view model, std::string_view before,
                                              std::size_t limit) {
  static const std::string kOfAll = select_async("WHERE r.state = 'dead' AND r.id < $1 ORDER BY r.id DESC LIMIT $2");
  static const std::string kOfOne =
      select_async("WHERE r.state = 'dead' AND r.id < $1 AND r.model = $3 ORDER BY r.id DESC LIMIT $2");
  SqlArguments arguments{std::string(before.empty() ? kAboveEveryId : before), static_cast<std::int64_t>(limit)};
  if (!model.empty()) arguments.emplace_back(std::string(model));
  SLIPWAY_TRY(const auto rows, t.query(model.empty() ? kOfAll : kOfOne, arguments));
  std::vector<AsyncRequest> found;
  found.reserve(rows.size());
  for (const Row& row : rows) {
    SLIPWAY_TRY(found.emplace_back(), read_async(row));
  }
  return found;
}

Result<Page<AsyncRequest>> DeadLetters::list(Transaction& t, std::string_view model, const MayModel& may,
                                             const PageRequest& page) const {
  SLIPWAY_CHECK(check_page_limit(page.limit));
  SLIPWAY_TRY(std::string before, parse_page_token(kList, page.token));
  Page<AsyncRequest> found;
  for (std::size_t looked = 0; looked < kSkippedPagesMax; ++looked) {
    SLIPWAY_TRY(auto letters, dead_before(t, model, before, page.limit + 1));
    const bool is_last = letters.size() <= page.limit;
    for (AsyncRequest& letter : letters) {
      if (found.items.size() == page.limit) {
        found.next_token = make_page_token(kList, before);
        return found;
      }
      before = letter.id;
      if (may(letter.target.model)) found.items.push_back(std::move(letter));
    }
    if (is_last) return found;
  }
  found.next_token = make_page_token(kList, before);
  return found;
}

Result<AsyncRequest> DeadLetters::find(Transaction& t, std::string_view id, const MayModel& may) const {
  auto found = AsyncStore().find(t, id);
  if (!found && found.error().reason != "async.not_found") return found;
  const bool is_one = found && (found->state == AsyncState::kDead || found->replays > 0);
  if (!is_one || !may(found->target.model)) return not_found(id);
  return found;
}

Result<StoredPayload> DeadLetters::drop(Transaction& t, std::string_view id, const MayModel& may) const {
  SLIPWAY_TRY(const AsyncRequest letter, find(t, id, may));
  if (letter.state != AsyncState::kDead) {
    return fail(Code::kFailedPrecondition, "deadletter.not_dead",
                "letter " + letter.id + " was replayed and is " + std::string(to_string(letter.state)));
  }
  SLIPWAY_TRY(StoredPayload payload, read_payload(t, id, kRequestPayload));
  SLIPWAY_CHECK(t.execute("DELETE FROM async_requests WHERE id = $1 AND state = 'dead'", {letter.id}));
  return payload;
}

}  // namespace slipway

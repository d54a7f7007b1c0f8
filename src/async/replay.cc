#include "async/replay.h"

#include <algorithm>
#include <map>
#include <span>

#include "base/bytes.h"
#include "base/id.h"
#include "registry/transact.h"

namespace slipway {
namespace {

constexpr std::size_t kBatch = 200;  // letters a transaction: writers wait for it

std::int64_t micros(WallTime time) { return time.time_since_epoch().count(); }

// What one transaction did.
struct Batch {
  ReplayReport part;
  std::string last;       // the id that it looked at last
  bool has_more = false;  // behind it
};

class Replay {
 public:
  Replay(Database& database, const ModelStore& models, const ReplayWish& wish, const Clock& clock)
      : database_(database),
        models_(models),
        wish_(wish),
        version_(wish.version.to_string()),
        began_(clock.now()),
        gap_(static_cast<std::int64_t>(1e6 / wish.rate_per_second)) {
    report_.id = Id::make(clock).to_string();
  }

  Result<ReplayReport> run() {
    SLIPWAY_CHECK(database_.write([&](Transaction& t) { return begin(t); }));
    for (std::size_t at = 0; at < wish_.ids.size(); at += kBatch) {
      const auto ids = std::span(wish_.ids).subspan(at, std::min(kBatch, wish_.ids.size() - at));
      SLIPWAY_TRY(const Batch batch, in_write(database_, [&](Transaction& t) { return replay_ids(t, ids); }));
      add(batch.part);
    }
    std::string before;
    for (bool has_more = wish_.ids.empty(); has_more;) {
      SLIPWAY_TRY(const Batch batch, in_write(database_, [&](Transaction& t) { return replay_page(t, before); }));
      add(batch.part);
      before = batch.last;
      has_more = batch.has_more;
    }
    return std::move(report_);
  }

 private:
  using Bundles = std::map<std::string, Result<Digest>, std::less<>>;  // of the version, by model

  Status begin(Transaction& t) {
    if (!wish_.model.empty()) SLIPWAY_CHECK(bundle_of(t, wish_.model));
    SLIPWAY_CHECK(
        t.execute("INSERT INTO async_replays (id, version, principal, gap_us, next_at, created_at) "
                  "VALUES ($1, $2, $3, $4, $5, $5)",
                  {report_.id, version_, wish_.principal, std::int64_t{gap_.count()}, micros(began_)}));
    return {};
  }

  Result<Batch> replay_ids(Transaction& t, std::span<const std::string> ids) {
    Batch batch;
    Bundles bundles;
    for (const std::string& id : ids) {
      const auto letter = DeadLetters().find(t, id, wish_.may);
      if (!letter && letter.error().code != Code::kNotFound) return fail(letter.error());
      if (!letter) {
        refuse(batch.part, id, letter.error());
      } else {
        SLIPWAY_CHECK(put_back(t, *letter, bundles, batch.part));
      }
    }
    return batch;
  }

  Result<Batch> replay_page(Transaction& t, const std::string& before) {
    Batch batch;
    Bundles bundles;
    SLIPWAY_TRY(const auto letters, dead_before(t, wish_.model, before, kBatch));
    for (const AsyncRequest& letter : letters) {
      batch.last = letter.id;
      const bool died_again = letter.settled_at > began_;  // while this goes on
      if (!died_again && wish_.may(letter.target.model)) SLIPWAY_CHECK(put_back(t, letter, bundles, batch.part));
    }
    batch.has_more = letters.size() == kBatch;
    return batch;
  }

  Status put_back(Transaction& t, const AsyncRequest& letter, Bundles& bundles, ReplayReport& part) {
    if (letter.state != AsyncState::kDead) {
      ++part.skipped;
      return {};
    }
    const std::string& model = letter.target.model;
    auto bundle = bundles.find(model);
    if (bundle == bundles.end()) bundle = bundles.emplace(model, bundle_of(t, model)).first;
    if (!bundle->second) {
      refuse(part, letter.id, bundle->second.error());
      return {};
    }
    const WallTime due = began_ + (report_.replayed + part.replayed) * gap_;
    SLIPWAY_CHECK(
        t.execute("UPDATE async_requests SET state = 'queued', version = $2, bundle = $3, replay = $4, "
                  "replays = replays + 1, attempts = 0, due_at = $5, queued_at = $6, settled_at = NULL "
                  "WHERE id = $1 AND state = 'dead'",
                  {letter.id, version_, bundle->second->hex(), report_.id, micros(due), micros(began_)}));
    ++part.replayed;
    return {};
  }

  Result<Digest> bundle_of(Transaction& t, const std::string& model) const {
    SLIPWAY_TRY(const Version version, models_.version(t, model, wish_.version));
    if (version.state == VersionState::kApproved) return version.digest;
    return fail(Code::kFailedPrecondition, "version.not_approved",
                "version " + version_ + " of model " + quoted(std::string_view(model)) + " is " +
                    std::string(to_string(version.state)) + "; only an approved one answers");
  }

  static void refuse(ReplayReport& part, const std::string& id, const Error& error) {
    ++part.refused;
    if (part.refusals.size() < ReplayReport::kRefusalsMax) part.refusals.push_back({id, error});
  }

  void add(const ReplayReport& part) {
    report_.replayed += part.replayed;
    report_.skipped += part.skipped;
    report_.refused += part.refused;
    for (const auto& refusal : part.refusals) {
      if (report_.refusals.size() < ReplayReport::kRefusalsMax) report_.refusals.push_back(refusal);
    }
  }

  Database& database_;
  const ModelStore& models_;
  const ReplayWish& wish_;
  const std::string version_;
  const WallTime began_;
  const std::chrono::microseconds gap_;
  ReplayReport report_;
};

}  // namespace

Result<ReplayReport> replay(Database& database, const ModelStore& models, const ReplayWish& wish, const Clock& clock) {
  if (!(wish.rate_per_second >= ReplayWish::kRateMin && wish.rate_per_second <= ReplayWish::kRateMax)) {
    return fail(Code::kInvalidArgument, "deadletter.invalid_rate", "the rate is 0.001 to 10,000 letters a second");
  }
  if (wish.ids.size() > ReplayWish::kIdsMax) {
    return fail(Code::kInvalidArgument, "deadletter.too_many_ids", "at most 1,000 letters can be named at once");
  }
  return Replay(database, models, wish, clock).run();
}

}  // namespace slipway

#include "storage/postgres.h"

#include <libpq-fe.h>
#include <thread>

#include "base/random.h"
#include "storage/pool.h"
#include "storage/postgres_connection.h"

namespace slipway {
namespace {

constexpr std::size_t kConnectionsMax = 8;
constexpr std::chrono::seconds kConnectionWaitMax{10};
constexpr int kAttemptsMax = 20;
constexpr std::int64_t kBackoffMaxUs = 200'000;

// Full jitter (Brooker 2015, "Exponential backoff and jitter"): uniform below a bound that doubles.
std::chrono::microseconds backoff(int attempt) {
  const std::int64_t bound_us = std::min(kBackoffMaxUs, std::int64_t{1'000} << std::min(attempt, 10));
  return std::chrono::microseconds(system_random().next() % static_cast<std::uint64_t>(bound_us));
}

bool is_conflict(const Error& error) { return error.reason == "sql.conflict"; }

class Postgres final : public Driver {
 public:
  explicit Postgres(std::string uri)
      : connections_(kConnectionsMax, kConnectionWaitMax,
                     [uri = std::move(uri)] { return PostgresConnection::open(uri); }) {}

  Status connect() {
    const auto lease = connections_.lend();
    return lease ? Status{} : Status(fail(lease.error()));
  }

  std::string_view dialect() const noexcept override { return "postgresql"; }

 protected:
  Status run(TransactionMode mode, const ConnectionBody& body) override {
    for (int attempt = 1;; ++attempt) {
      Attempt result = run_once(mode, body);
      if (result.status || result.next == Next::kGiveUp || attempt == kAttemptsMax) return result.status;
      if (result.next == Next::kRetryLater) std::this_thread::sleep_for(backoff(attempt));
    }
  }

 private:
  enum class Next { kGiveUp, kRetryLater, kRetryNow };
  struct Attempt {
    Status status;
    Next next = Next::kGiveUp;
  };

  Attempt run_once(TransactionMode mode, const ConnectionBody& body) {
    auto lease = connections_.lend();
    if (!lease) return {fail(lease.error())};
    PostgresConnection& connection = **lease;
    Attempt result{run_transaction(connection, mode, body)};
    if (!result.status) {
      // The body may have put an error of its own in place of the conflict.
      const bool has_conflict =
          is_conflict(result.status.error()) || (connection.failure() && is_conflict(*connection.failure()));
      // Found dead when it was to begin, as after a restart of the server: nothing ran.
      const bool was_dead = connection.is_broken() && !connection.has_begun();
      result.next = has_conflict ? Next::kRetryLater : was_dead ? Next::kRetryNow : Next::kGiveUp;
    }
    if (connection.is_broken()) lease->discard();
    return result;
  }

  Pool<PostgresConnection> connections_;
};

bool is_number(std::string_view text) { return text.find_first_not_of("0123456789,") == std::string_view::npos; }

// Checked before connecting, and without libpq's messages: they quote parts of the URI, a password that was not escaped
// among them ("postgresql://user:secret/part@host" has "secret" for its port).
bool is_well_formed(const std::string& uri) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(uri.c_str(), nullptr),
                                                                             PQconninfoFree);
  if (!options) return false;
  const PQconninfoOption* option = options.get();
  while (option->keyword != nullptr && std::string_view(option->keyword) != "port") ++option;
  return option->val == nullptr || is_number(option->val);
}

}  // namespace

Result<std::unique_ptr<Driver>> open_postgres(const std::string& uri) {
  if (!is_well_formed(uri)) {
    return fail(Code::kInvalidArgument, "storage.uri",
                "the database URI cannot be read; expected postgresql://USER@HOST:PORT/NAME, with special characters "
                "of a password written as %XX");
  }
  auto driver = std::make_unique<Postgres>(uri);
  SLIPWAY_CHECK(driver->connect());
  return driver;
}

}  // namespace slipway

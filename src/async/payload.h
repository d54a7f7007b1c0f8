// Where the bytes of requests and answers lie: in SQL where they are few, in the object store else.
//
// An object is written before the transaction that names it and removed after the one that forgets it, so a server that
// is killed in between leaves an object that nobody names: sweep() removes those.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "async/async_request.h"
#include "storage/objects.h"
#include "storage/sql.h"

namespace slipway {

constexpr std::string_view kRequestPayload = "request";
constexpr std::string_view kAnswerPayload = "answer";

// A message as it stands in its table.
struct StoredPayload {
  std::string headers;  // a line each
  SqlBlob body;         // where there is no object
  std::string object_key;
};

class PayloadStore {
 public:
  // `objects` outlives it.
  explicit PayloadStore(ObjectStore& objects, std::size_t inline_bytes_max = 64 << 10)
      : objects_(&objects), inline_bytes_max_(inline_bytes_max) {}

  // `name`: what the object is called if there is one: an id, and what makes it unique for this id.
  Result<StoredPayload> put(std::string_view name, const AsyncMessage& message) const;
  Result<AsyncMessage> get(const StoredPayload& payload) const;
  void remove(const StoredPayload& payload) const;

  // Objects older than `before` that no row names; how many.
  Result<std::int64_t> sweep(Database& database, WallTime before) const;

 private:
  ObjectStore* objects_;
  std::size_t inline_bytes_max_;
};

Status insert_payload(Transaction& t, std::string_view request, std::string_view kind, const StoredPayload& payload);
// not_found "async.no_payload".
Result<StoredPayload> read_payload(Transaction& t, std::string_view request, std::string_view kind);

}  // namespace slipway

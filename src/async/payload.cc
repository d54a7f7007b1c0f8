#include "async/payload.h"

#include <cstring>

#include "base/bytes.h"
#include "base/log.h"
#include "registry/transact.h"

namespace slipway {
namespace {

constexpr std::string_view kPrefix = "async/";

std::string join(const AsyncMessage& message) {
  std::string lines;
  for (const auto& [name, value] : message.headers) lines.append(name).append(":").append(value).append("\n");
  return lines;
}

void split(std::string_view lines, AsyncMessage& into) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == lines.npos ? lines.size() : end + 1);
    const std::size_t colon = line.find(':');
    if (colon != line.npos) into.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
}

}  // namespace

Result<StoredPayload> PayloadStore::put(std::string_view name, const AsyncMessage& message) const {
  StoredPayload stored;
  stored.headers = join(message);
  if (message.body.size() <= inline_bytes_max_) {
    stored.body.assign(message.body.begin(), message.body.end());
    return stored;
  }
  stored.object_key = std::string(kPrefix).append(name);
  SLIPWAY_TRY(const auto writer, objects_->create(stored.object_key));
  SLIPWAY_CHECK(writer->append(as_bytes(message.body)));
  SLIPWAY_CHECK(writer->finish());
  return stored;
}

Result<AsyncMessage> PayloadStore::get(const StoredPayload& payload) const {
  AsyncMessage message;
  split(payload.headers, message);
  if (payload.object_key.empty()) {
    message.body.assign(payload.body.begin(), payload.body.end());
    return message;
  }
  SLIPWAY_TRY(const auto reader, objects_->open(payload.object_key));
  message.body.resize(reader->size_bytes());
  SLIPWAY_TRY(const std::size_t read,
              reader->read_at(0, std::as_writable_bytes(std::span(message.body.data(), message.body.size()))));
  if (read != message.body.size()) {
    return fail(Code::kDataLoss, "async.payload_cut", payload.object_key + " is shorter than it says");
  }
  return message;
}

void PayloadStore::remove(const StoredPayload& payload) const {
  if (payload.object_key.empty()) return;
  const Status removed = objects_->remove(payload.object_key);  // else the sweep does
  if (!removed) log::warning("async.remove_failed", {{"object", payload.object_key}});
}

Result<std::int64_t> PayloadStore::sweep(Database& database, WallTime before) const {
  SLIPWAY_TRY(const auto listed, objects_->list(kPrefix));
  std::int64_t removed = 0;
  for (const ObjectInfo& object : listed) {
    if (object.modified >= before) continue;
    SLIPWAY_TRY(const bool is_named, in_read(database, [&](Transaction& t) -> Result<bool> {
                  SLIPWAY_TRY(const auto rows,
                              t.query("SELECT 1 FROM async_payloads WHERE object_key = $1", {object.key}));
                  return !rows.empty();
                }));
    if (is_named) continue;
    SLIPWAY_CHECK(objects_->remove(object.key));
    ++removed;
  }
  return removed;
}

Status insert_payload(Transaction& t, std::string_view request, std::string_view kind, const StoredPayload& payload) {
  const bool is_inline = payload.object_key.empty();
  SLIPWAY_CHECK(
      t.execute("INSERT INTO async_payloads (request, kind, headers, body, object_key) VALUES ($1, $2, $3, $4, $5)",
                {std::string(request), std::string(kind), payload.headers,
                 is_inline ? SqlValue(payload.body) : SqlValue(SqlNull{}),
                 is_inline ? SqlValue(SqlNull{}) : SqlValue(payload.object_key)}));
  return {};
}

Result<StoredPayload> read_payload(Transaction& t, std::string_view request, std::string_view kind) {
  SLIPWAY_TRY(const auto rows,
              t.query("SELECT headers, body, object_key FROM async_payloads WHERE request = $1 AND kind = $2",
                      {std::string(request), std::string(kind)}));
  if (rows.empty()) {
    return fail(Code::kNotFound, "async.no_payload",
                "request " + quoted(request) + " has no " + std::string(kind) + " that is kept");
  }
  StoredPayload stored;
  stored.headers = rows[0].text(0);
  if (!rows[0].is_null(1)) stored.body = rows[0].blob(1);
  stored.object_key = rows[0].optional_text(2).value_or("");
  return stored;
}

}  // namespace slipway

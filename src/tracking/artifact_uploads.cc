#include "tracking/artifact_uploads.h"

#include <map>

#include "base/bytes.h"
#include "base/id.h"
#include "tracking/artifact_store.h"

namespace slipway {
namespace {

constexpr std::size_t kKeyBytes = 32;

tl::unexpected<Error> no_upload(std::string_view id) {
  return fail(Code::kNotFound, "artifact.no_upload",
              "upload " + slipway::quoted(id) + " is not known: it is complete, aborted or expired");
}

tl::unexpected<Error> invalid(std::string message) {
  return fail(Code::kInvalidArgument, "artifact.invalid_upload", std::move(message));
}

Result<ArtifactUpload> read_upload(Transaction& t, std::string_view id) {
  const auto parsed = Id::parse(id);
  if (!parsed) return no_upload(id);
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT id, path, parts FROM artifact_uploads WHERE id = $1", {parsed->to_string()}));
  if (rows.empty()) return no_upload(id);
  return ArtifactUpload{rows[0].text(0), rows[0].text(1), rows[0].integer(2)};
}

}  // namespace

std::string part_etag(const Digest& digest) { return '"' + digest.hex() + '"'; }

Result<ArtifactUpload> ArtifactUploads::create(Transaction& t, std::string_view path, std::int64_t parts,
                                               std::string_view principal) const {
  SLIPWAY_CHECK(check_artifact_path(path));
  if (parts < 1 || parts > kUploadPartsMax)
    return invalid("num_parts: " + std::to_string(parts) + "; accepted is 1 to " + std::to_string(kUploadPartsMax));
  ArtifactUpload upload{Id::make(*clock_, *random_).to_string(), std::string(path), parts};
  SLIPWAY_CHECK(
      t.execute("INSERT INTO artifact_uploads (id, path, parts, created_by, created_at) VALUES ($1, $2, $3, $4, $5)",
                {upload.id, upload.path, parts, std::string(principal), clock_->now().time_since_epoch().count()}));
  return upload;
}

Status ArtifactUploads::put_part(Transaction& t, std::string_view id, std::int64_t number, const Digest& digest,
                                 std::uint64_t size_bytes) const {
  SLIPWAY_TRY(const ArtifactUpload upload, read_upload(t, id));
  if (number < 1 || number > upload.parts)
    return invalid("part " + std::to_string(number) + "; this upload has 1 to " + std::to_string(upload.parts));
  SLIPWAY_CHECK(t.execute(
      "INSERT INTO artifact_parts (upload_id, number, digest, size_bytes) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (upload_id, number) DO UPDATE SET digest = excluded.digest, size_bytes = excluded.size_bytes",
      {upload.id, number, digest.hex(), static_cast<std::int64_t>(size_bytes)}));
  return check_not_condemned(t, digest);
}

Result<std::vector<ManifestFile>> ArtifactUploads::parts(Transaction& t, std::string_view id, std::string_view path,
                                                         const std::vector<CompletedPart>& completed) const {
  SLIPWAY_TRY(const ArtifactUpload upload, read_upload(t, id));
  if (upload.path != path)
    return invalid("upload " + upload.id + " is for " + slipway::quoted(upload.path, 256) + ", not for " +
                   slipway::quoted(path, 256));
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT number, digest, size_bytes FROM artifact_parts WHERE upload_id = $1 ORDER BY number",
                      {upload.id}));
  std::map<std::int64_t, ManifestFile> stored;
  for (const Row& row : rows) {
    const auto digest = Digest::parse(row.text(1));
    if (!digest) return fail(Code::kDataLoss, "artifact.altered", "the digest of a part of " + upload.id + " is none");
    stored[row.integer(0)] = {"part " + std::to_string(row.integer(0)), static_cast<std::uint64_t>(row.integer(2)),
                              *digest};
  }
  std::map<std::int64_t, std::string> named;
  for (const CompletedPart& part : completed) {
    if (!named.emplace(part.number, part.etag).second)
      return invalid("part " + std::to_string(part.number) + " is named twice");
  }
  std::vector<ManifestFile> parts;
  for (const auto& [number, etag] : named) {
    const auto found = stored.find(number);
    if (found == stored.end()) return invalid("part " + std::to_string(number) + " was not uploaded");
    const std::string expected = part_etag(found->second.sha256);
    if (etag != expected && etag != found->second.sha256.hex())
      return invalid("part " + std::to_string(number) + " has the etag " + expected + ", named was " +
                     slipway::quoted(etag));
    parts.push_back(found->second);
  }
  if (static_cast<std::int64_t>(parts.size()) != upload.parts)
    return invalid(std::to_string(parts.size()) + " parts are named; this upload has " + std::to_string(upload.parts));
  return parts;
}

Status ArtifactUploads::remove(Transaction& t, std::string_view id) const {
  SLIPWAY_CHECK(t.execute("DELETE FROM artifact_parts WHERE upload_id = $1", {std::string(id)}));
  SLIPWAY_CHECK(t.execute("DELETE FROM artifact_uploads WHERE id = $1", {std::string(id)}));
  return {};
}

Status ArtifactUploads::remove_older(Transaction& t, WallTime before) const {
  const std::int64_t time = before.time_since_epoch().count();
  SLIPWAY_CHECK(t.execute(
      "DELETE FROM artifact_parts WHERE upload_id IN (SELECT id FROM artifact_uploads WHERE created_at < $1)", {time}));
  SLIPWAY_CHECK(t.execute("DELETE FROM artifact_uploads WHERE created_at < $1", {time}));
  return {};
}

Result<Secret> ArtifactUploads::signing_key(Transaction& t) const {
  SqlBlob made(kKeyBytes);
  random_->fill(std::as_writable_bytes(std::span(made)));
  SLIPWAY_CHECK(t.execute("INSERT INTO artifact_signing_key (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING",
                          {std::move(made)}));
  SLIPWAY_TRY(const std::vector<Row> rows, t.query("SELECT secret FROM artifact_signing_key WHERE id = 1"));
  const SqlBlob& secret = rows.at(0).blob(0);
  return Secret(std::string(secret.begin(), secret.end()));
}

}  // namespace slipway

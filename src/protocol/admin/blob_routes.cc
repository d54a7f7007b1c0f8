#include <set>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "protocol/admin/model_routes.h"
#include "registry/strict_json.h"
#include "registry/transact.h"

namespace slipway {
namespace {

constexpr std::uint64_t kMissingBytesMax = 1 << 20;
constexpr std::size_t kDigestsMax = 10'000;

Result<Digest> digest_of(std::string_view hex) {
  const auto digest = Digest::parse(hex);
  if (!digest) {
    return fail(Code::kInvalidArgument, "request.invalid_digest",
                quoted(hex) + " is not a SHA-256 digest in 64 hexadecimal digits");
  }
  return *digest;
}

// What is not stored, and what is stored but not for this principal: the answer does not tell the two apart.
Result<std::vector<Digest>> to_upload(const ModelRouteParts& parts, const HttpRequest& request,
                                      std::span<const Digest> digests) {
  SLIPWAY_TRY(const std::vector<Digest> absent, parts.bundles.missing(digests));
  SLIPWAY_TRY(const std::vector<Digest> foreign, in_read(parts.database, [&](Transaction& transaction) {
                return foreign_blobs(transaction, digests, reader_of(request), system_clock());
              }));
  std::set<Digest> wanted(absent.begin(), absent.end());
  wanted.insert(foreign.begin(), foreign.end());
  std::vector<Digest> ordered;
  for (const Digest& digest : digests) {
    if (wanted.erase(digest) > 0) ordered.push_back(digest);
  }
  return ordered;
}

Result<std::string> missing(const ModelRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const JsonDocument document,
              JsonDocument::parse(as_text(request.body), kMissingBytesMax, "request.invalid"));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  SLIPWAY_TRY(const JsonValue listed, members.require("digests"));
  SLIPWAY_TRY(const std::vector<JsonValue> values, listed.array(kDigestsMax));
  SLIPWAY_CHECK(members.finish());
  std::vector<Digest> digests;
  for (const JsonValue& value : values) {
    SLIPWAY_TRY(const std::string_view hex, value.text());
    SLIPWAY_TRY(digests.emplace_back(), digest_of(hex));
  }
  SLIPWAY_TRY(const std::vector<Digest> wanted, to_upload(parts, request, digests));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("missing").begin_array();
  for (const Digest& digest : wanted) json.value(digest.hex());
  json.end_array().end_object();
  return body;
}

Result<std::string> put(const ModelRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const Digest expected, digest_of(request.parameter("sha256")));
  if (*request.body_digest != expected) {
    return fail(Code::kInvalidArgument, "bundle.digest_mismatch",
                "the bytes have the SHA-256 " + request.body_digest->hex() + ", announced was " + expected.hex());
  }
  SLIPWAY_CHECK(parts.bundles.adopt_blob(request.body_file, expected));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& transaction) {
    return note_upload(transaction, expected, request.principal->id, system_clock());
  }));
  std::string body;
  JsonWriter(body).begin_object().key("sha256").value(expected.hex()).end_object();
  return body;
}

// A file of a version, by its hash: whoever may read the model may read its files and no others.
Result<StreamedBody> get(const ModelRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const Digest digest, digest_of(request.parameter("sha256")));
  SLIPWAY_CHECK(check_model_name(request.parameter("model")));
  SLIPWAY_TRY(const SemVer semver, SemVer::parse(request.parameter("version")));
  SLIPWAY_TRY(const Version version, in_read(parts.database, [&](Transaction& transaction) {
                return parts.models.version(transaction, request.parameter("model"), semver);
              }));
  SLIPWAY_TRY(const Manifest manifest, parts.bundles.manifest(version.digest));
  for (const ManifestFile& file : manifest.files) {
    if (file.sha256 != digest) continue;
    SLIPWAY_TRY(std::unique_ptr<ObjectReader> reader, parts.bundles.open_blob(file));
    return StreamedBody{.reader = std::move(reader), .sha256 = digest};
  }
  return fail(Code::kNotFound, "bundle.no_such_file", "this version has no file with the digest " + digest.hex());
}

}  // namespace

void add_blob_routes(Router& router, const ModelRouteParts& parts) {
  router.add({.method = Method::kPost,
              .pattern = "/api/v1/blobs/missing",
              .permission = Permission::kRegister,
              .body = BodyKind::kBuffered,
              .body_bytes_max = kMissingBytesMax,
              .handler = WorkerHandler(
                  [parts](const HttpRequest& request) { return json_response(request, missing(parts, request)); })});
  router.add({.method = Method::kPut,
              .pattern = "/api/v1/blobs/{sha256}",
              .permission = Permission::kRegister,
              .body = BodyKind::kSpooled,
              .body_bytes_max = parts.blob_bytes_max,
              .handler = WorkerHandler(
                  [parts](const HttpRequest& request) { return json_response(request, put(parts, request), 201); }),
              .work = WorkKind::kHeavy});
  router.add({.method = Method::kGet,
              .pattern = "/api/v1/models/{model}/versions/{version}/blobs/{sha256}",
              .permission = Permission::kReadMetadata,
              .body = BodyKind::kNone,
              .body_bytes_max = 0,
              .handler = WorkerHandler([parts](const HttpRequest& request) {
                auto file = get(parts, request);
                if (!file) return error_response(file.error(), request);
                HttpResponse response;
                response.content_type = "application/octet-stream";
                response.headers.emplace_back("ETag", '"' + file->sha256->hex() + '"');
                response.stream = *std::move(file);
                return response;
              })});
}

}  // namespace slipway

#include <charconv>

#include "base/json_writer.h"
#include "protocol/mlflow/artifact_routes.h"
#include "protocol/mlflow/wire.h"
#include "registry/transact.h"

namespace slipway::mlflow {
namespace {

constexpr std::uint64_t kCompleteBytesMax = 16 << 20;  // 10,000 parts with their URLs and etags
constexpr std::size_t kHostBytesMax = 255;

// Clients name the file by its path on their own machine; it lands under its last segment in the folder of the URL.
Result<std::string> path_of(const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string local, arguments.require_text("path"));
  std::string path(request.parameter("path"));
  path.append("/").append(std::string_view(local).substr(local.find_last_of("/\\") + 1));
  SLIPWAY_CHECK(check_writable(path));
  return path;
}

// "https://host:port", as the client reached this server.
Result<std::string> origin_of(const ArtifactRouteParts& parts, const HttpRequest& request) {
  const std::string_view host = request.header("host");
  const bool is_host = !host.empty() && host.size() <= kHostBytesMax &&
                       host.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]") ==
                           std::string_view::npos;
  if (!is_host) return fail(Code::kInvalidArgument, "http.bad_host", "the header Host is not a name and a port");
  const bool is_https = parts.is_tls || (parts.has_trusted_proxy && request.header("x-forwarded-proto") == "https");
  return std::string(is_https ? "https://" : "http://").append(host);
}

Result<std::string> create(const ArtifactRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string path, path_of(arguments, request));
  SLIPWAY_TRY(const auto count, arguments.integer("num_parts"));
  SLIPWAY_TRY(const std::string origin, origin_of(parts, request));
  SLIPWAY_TRY(const ArtifactUpload upload, in_write(parts.database, [&](Transaction& t) {
                return parts.files.uploads().create(t, path, count.value_or(1), request.principal->id);
              }));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("upload_id").value(upload.id).key("credentials").begin_array();
  for (std::int64_t number = 1; number <= upload.parts; ++number) {
    json.begin_object().key("url").value(origin + parts.part_urls.make(upload.id, number));
    json.key("part_number").value(number).key("headers").begin_object().end_object().end_object();
  }
  json.end_array().end_object();
  return body;
}

Result<std::string> complete(const ArtifactRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string path, path_of(arguments, request));
  SLIPWAY_TRY(const std::string upload_id, arguments.require_text("upload_id"));
  SLIPWAY_TRY(const std::vector<Arguments> named, arguments.objects("parts", kUploadPartsMax));
  std::vector<CompletedPart> completed;
  for (const Arguments& part : named) {
    CompletedPart& added = completed.emplace_back();
    SLIPWAY_TRY(added.number, part.require_integer("part_number"));
    SLIPWAY_TRY(added.etag, part.require_text("etag"));
  }
  SLIPWAY_CHECK(parts.files.complete(upload_id, path, completed));
  return std::string();
}

Result<std::string> abort(const ArtifactRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_CHECK(path_of(arguments, request));
  SLIPWAY_TRY(const std::string upload_id, arguments.require_text("upload_id"));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.files.uploads().remove(t, upload_id); }));
  return std::string();
}

// Whether the URL is ours was checked before the body was read (artifact_url.h).
HttpResponse put_part(const ArtifactRouteParts& parts, const HttpRequest& request) {
  const std::string_view text = request.parameter("number");
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  const Digest& digest = *request.body_digest;
  if (const Status status = parts.files.put_part(request.parameter("upload"), number, request.body_file, digest);
      !status)
    return error_response(status.error());
  HttpResponse response;
  response.body = "{}";
  response.headers.emplace_back("ETag", part_etag(digest));
  return response;
}

}  // namespace

void add_artifact_part_routes(Router& router, const ArtifactRouteParts& parts) {
  using Act = Result<std::string> (*)(const ArtifactRouteParts&, const Arguments&, const HttpRequest&);
  for (const std::string api : {"/api/2.0/mlflow-artifacts/mpu/", "/ajax-api/2.0/mlflow-artifacts/mpu/"}) {
    const auto add = [&](const char* verb, Act act) {
      router.add({.method = Method::kPost,
                  .pattern = api + verb + "/{path...}",
                  .permission = Permission::kTrack,
                  .body = BodyKind::kBuffered,
                  .body_bytes_max = kCompleteBytesMax,
                  .handler = WorkerHandler([parts, act](const HttpRequest& request) {
                    return answer(request, [&](const Arguments& arguments, const HttpRequest& asked) {
                      return act(parts, arguments, asked);
                    });
                  }),
                  .work = WorkKind::kHeavy});
    };
    add("create", &create);
    add("complete", &complete);
    add("abort", &abort);
  }
  router.add({.method = Method::kPut,
              .pattern = std::string(kPartPattern),
              .permission = Permission::kPublic,
              .body = BodyKind::kSpooled,
              .body_bytes_max = parts.file_bytes_max,
              .handler = WorkerHandler([parts](const HttpRequest& request) { return put_part(parts, request); }),
              .work = WorkKind::kHeavy});
}

}  // namespace slipway::mlflow

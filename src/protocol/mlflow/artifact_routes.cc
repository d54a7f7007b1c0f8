#include "protocol/mlflow/artifact_routes.h"

#include "base/json_writer.h"
#include "protocol/mlflow/artifact_type.h"
#include "protocol/mlflow/wire.h"
#include "registry/transact.h"

namespace slipway::mlflow {
namespace {

constexpr std::size_t kListedMax = 100'000;

HttpResponse done(const Status& status) {
  if (!status) return error_response(status.error());
  HttpResponse response;
  response.body = "{}";
  return response;
}

HttpResponse put(const ArtifactRouteParts& parts, const HttpRequest& request, std::string_view path) {
  if (const Status status = check_writable(path); !status) return done(status);
  return done(parts.files.put(path, request.body_file, *request.body_digest));
}

Status remove(const ArtifactRouteParts& parts, std::string_view path) {
  SLIPWAY_CHECK(check_writable(path));
  return parts.database.write([&](Transaction& t) { return parts.files.store().remove(t, path); });
}

Result<std::vector<ListedFile>> list_folder(const ArtifactRouteParts& parts, const std::string& folder) {
  return in_read(parts.database, [&](Transaction& t) -> Result<std::vector<ListedFile>> {
    std::vector<ListedFile> listed;
    PageRequest page{.limit = kPageLimitMax, .token = ""};
    do {
      SLIPWAY_TRY(const Page<Artifact> found, parts.files.store().list(t, folder, page));
      for (const Artifact& artifact : found.items)
        listed.push_back({std::string(artifact_name(artifact.path)), artifact.is_folder(), artifact.size_bytes});
      page.token = found.next_token;
    } while (!page.token.empty() && listed.size() < kListedMax);
    if (page.token.empty()) return listed;
    return fail(Code::kFailedPrecondition, "artifact.too_many",
                "the folder has more than " + std::to_string(kListedMax) + " entries; list its folders one by one");
  });
}

Result<std::string> list(const ArtifactRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(std::string folder, arguments.text("path"));
  if (folder.ends_with('/')) folder.pop_back();
  if (!folder.empty()) SLIPWAY_CHECK(check_artifact_path(folder));
  SLIPWAY_TRY(const std::vector<ListedFile> files,
              is_version_path(folder) ? parts.versions.list(folder, *request.principal) : list_folder(parts, folder));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("files").begin_array();
  for (const ListedFile& file : files) {
    json.begin_object().key("path").value(file.name).key("is_dir").value(file.is_folder);
    if (!file.is_folder) json.key("file_size").value(file.size_bytes);
    json.end_object();
  }
  json.end_array().end_object();
  return body;
}

Result<VersionFile> find_file(const ArtifactRouteParts& parts, const HttpRequest& request, std::string_view path) {
  SLIPWAY_CHECK(check_artifact_path(path));
  if (is_version_path(path)) return parts.versions.file(path, *request.principal);
  SLIPWAY_TRY(const Artifact artifact,
              in_read(parts.database, [&](Transaction& t) { return parts.files.store().get(t, path); }));
  return VersionFile{{artifact.path, artifact.size_bytes, *artifact.digest}, std::nullopt};
}

}  // namespace

Status check_writable(std::string_view path) {
  SLIPWAY_CHECK(check_artifact_path(path));
  if (!is_version_path(path)) return {};
  return fail(Code::kInvalidArgument, "artifact.read_only",
              "the files of model versions never change; register another version");
}

HttpResponse download(const ArtifactRouteParts& parts, const HttpRequest& request, std::string_view path) {
  auto found = find_file(parts, request, path);
  if (!found) return error_response(found.error());
  HttpResponse response;
  const std::string_view name = artifact_name(path);
  response.content_type = content_type_of(name);
  response.headers.emplace_back("Content-Disposition", content_disposition_of(name));
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("ETag", part_etag(found->file.sha256));
  if (found->text) {
    response.body = *std::move(found->text);
    return response;
  }
  auto reader = parts.bundles.open_blob(found->file);
  if (!reader) return error_response(reader.error());
  response.stream = StreamedBody{.reader = *std::move(reader), .sha256 = found->file.sha256};
  return response;
}

void add_artifact_routes(Router& router, const ArtifactRouteParts& parts) {
  for (const std::string api : {"/api/2.0/mlflow-artifacts", "/ajax-api/2.0/mlflow-artifacts"}) {
    const std::string file = api + "/artifacts/{path...}";
    const auto add = [&](Method method, const std::string& pattern, Permission permission, BodyKind body,
                         WorkerHandler handler) {
      router.add({.method = method,
                  .pattern = pattern,
                  .permission = permission,
                  .body = body,
                  .body_bytes_max = body == BodyKind::kNone ? 0 : parts.file_bytes_max,
                  .handler = std::move(handler),
                  .work = method == Method::kPut ? WorkKind::kHeavy : WorkKind::kQuick});
    };
    add(Method::kPut, file, Permission::kTrack, BodyKind::kSpooled,
        [parts](const HttpRequest& request) { return put(parts, request, request.parameter("path")); });
    add(Method::kGet, file, Permission::kReadMetadata, BodyKind::kNone,
        [parts](const HttpRequest& request) { return download(parts, request, request.parameter("path")); });
    add(Method::kDelete, file, Permission::kTrack, BodyKind::kNone,
        [parts](const HttpRequest& request) { return done(remove(parts, request.parameter("path"))); });
    add(Method::kGet, api + "/artifacts", Permission::kReadMetadata, BodyKind::kNone,
        [parts](const HttpRequest& request) {
          return answer(request, [&](const Arguments& arguments, const HttpRequest& asked) {
            return list(parts, arguments, asked);
          });
        });
  }
}

}  // namespace slipway::mlflow

#include "base/bytes.h"
#include "base/json_writer.h"
#include "protocol/mlflow/artifact_routes.h"
#include "protocol/mlflow/wire.h"
#include "registry/transact.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_store.h"

namespace slipway::mlflow {
namespace {

// Where the files of a run or a logged model lie.
struct ArtifactRoot {
  std::string uri;
  std::string folder;
};

Result<ArtifactRoot> root_at(std::string uri) {
  SLIPWAY_TRY(const auto folder, artifact_path_of(uri));
  if (!folder) {
    return fail(Code::kFailedPrecondition, "artifact.elsewhere",
                "the files are at " + slipway::quoted(uri, 256) + ", not on this server; list them there");
  }
  return ArtifactRoot{std::move(uri), *folder};
}

Result<ArtifactRoot> root_of_run(Transaction& t, const Arguments& arguments) {
  SLIPWAY_TRY(std::string id, arguments.text("run_id"));
  if (id.empty()) {
    SLIPWAY_TRY(id, arguments.text("run_uuid"));
  }
  if (id.empty()) return missing_value("run_id");
  SLIPWAY_TRY(const RunInfo info, RunStore().info(t, id));
  return root_at(info.artifact_uri);
}

Result<ArtifactRoot> root_of_model(Transaction& t, std::string_view id) {
  SLIPWAY_TRY(const LoggedModel model, LoggedModelStore().get(t, id));
  return root_at(model.artifact_uri);
}

Result<std::string> path_below(const ArtifactRoot& root, std::string path) {
  if (path.ends_with('/')) path.pop_back();
  if (path.empty()) return root.folder;
  SLIPWAY_CHECK(check_artifact_path(path));
  return root.folder + '/' + path;
}

// Paths of files are relative to the root.
std::string files_json(const ArtifactRoot& root, const Page<Artifact>& page) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("root_uri").value(root.uri).key("files").begin_array();
  for (const Artifact& artifact : page.items) {
    json.begin_object().key("path").value(std::string_view(artifact.path).substr(root.folder.size() + 1));
    json.key("is_dir").value(artifact.is_folder());
    if (!artifact.is_folder()) json.key("file_size").value(artifact.size_bytes);
    json.end_object();
  }
  json.end_array();
  if (!page.next_token.empty()) json.key("next_page_token").value(page.next_token);
  json.end_object();
  return body;
}

using FindRoot = std::function<Result<ArtifactRoot>(Transaction&, const Arguments&, const HttpRequest&)>;

Result<std::string> list(const ArtifactRouteParts& parts, const FindRoot& find_root, std::string_view path_argument,
                         const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string path, arguments.text(path_argument));
  SLIPWAY_TRY(const std::string token, arguments.text("page_token"));
  return in_read(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_TRY(const ArtifactRoot root, find_root(t, arguments, request));
    SLIPWAY_TRY(const std::string folder, path_below(root, path));
    SLIPWAY_TRY(const Page<Artifact> page,
                parts.files.store().list(t, folder, {.limit = kPageLimitMax, .token = token}));
    return files_json(root, page);
  });
}

// The path of one file, for the two routes of the web interface.
Result<std::string> file_path(const ArtifactRouteParts& parts, const FindRoot& find_root,
                              std::string_view path_argument, const HttpRequest& request) {
  SLIPWAY_TRY(const QueryArguments query, parse_query(request.query));
  const Arguments arguments(query);
  SLIPWAY_TRY(const std::string path, arguments.require_text(path_argument));
  return in_read(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_TRY(const ArtifactRoot root, find_root(t, arguments, request));
    return path_below(root, path);
  });
}

}  // namespace

void add_artifact_list_routes(Router& router, const ArtifactRouteParts& parts) {
  const FindRoot run = [](Transaction& t, const Arguments& arguments, const HttpRequest&) {
    return root_of_run(t, arguments);
  };
  const FindRoot model = [](Transaction& t, const Arguments&, const HttpRequest& request) {
    return root_of_model(t, request.parameter("model_id"));
  };
  const auto add_list = [&](std::string_view path, const FindRoot& find_root, std::string_view path_argument) {
    add_route(router, Method::kGet, path, Permission::kReadMetadata,
              [=](const Arguments& arguments, const HttpRequest& request) {
                return list(parts, find_root, path_argument, arguments, request);
              });
  };
  add_list("artifacts/list", run, "path");
  add_list("logged-models/{model_id}/artifacts/directories", model, "artifact_directory_path");

  const auto add_file = [&](const std::string& pattern, const FindRoot& find_root, std::string_view path_argument) {
    router.add({.method = Method::kGet,
                .pattern = pattern,
                .permission = Permission::kReadMetadata,
                .handler = WorkerHandler([=](const HttpRequest& request) {
                  const auto path = file_path(parts, find_root, path_argument, request);
                  return path ? download(parts, request, *path) : error_response(path.error());
                })});
  };
  add_file("/get-artifact", run, "path");
  add_file("/ajax-api/2.0/mlflow/get-artifact", run, "path");
  add_file("/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files", model, "artifact_file_path");

  router.add({.method = Method::kPost,
              .pattern = "/ajax-api/2.0/mlflow/upload-artifact",
              .permission = Permission::kTrack,
              .body = BodyKind::kSpooled,
              .body_bytes_max = parts.file_bytes_max,
              .handler = WorkerHandler([=](const HttpRequest& request) {
                return answer(request, [&](const Arguments&, const HttpRequest&) -> Result<std::string> {
                  SLIPWAY_TRY(const std::string path, file_path(parts, run, "path", request));
                  SLIPWAY_CHECK(check_writable(path));
                  SLIPWAY_CHECK(parts.files.put(path, request.body_file, *request.body_digest));
                  return std::string();
                });
              }),
              .work = WorkKind::kHeavy});
}

}  // namespace slipway::mlflow

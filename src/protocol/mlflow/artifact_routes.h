// The artifact proxy of MLflow (/api/2.0/mlflow-artifacts/… and the same under /ajax-api): files of runs, logged models
// and versions, streamed; uploads in parts; and the lists of a run's and a logged model's files.
//
// Whoever may track may write any file but those of versions, which are read-only; reading a version's files needs the
// right to read its model.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/http.h"
#include "protocol/mlflow/artifact_url.h"
#include "protocol/mlflow/version_files.h"
#include "tracking/artifact_files.h"

namespace slipway::mlflow {

struct ArtifactRouteParts {
  Database& database;
  const BundleStore& bundles;
  const ArtifactFiles& files;
  const VersionFiles& versions;
  const PartUrls& part_urls;
  std::uint64_t file_bytes_max = 0;
  bool is_tls = false;  // of the listener; a proxy says what it is in x-forwarded-proto
  bool has_trusted_proxy = false;
};

// What the references of `parts` mean outlives the router.
void add_artifact_routes(Router& router, const ArtifactRouteParts& parts);
void add_artifact_part_routes(Router& router, const ArtifactRouteParts& parts);
void add_artifact_list_routes(Router& router, const ArtifactRouteParts& parts);

// For the handlers above. invalid_argument "artifact.read_only" below "versions".
Status check_writable(std::string_view path);
HttpResponse download(const ArtifactRouteParts& parts, const HttpRequest& request, std::string_view path);

}  // namespace slipway::mlflow

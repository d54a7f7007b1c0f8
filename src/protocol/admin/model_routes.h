// /api/v1/models and /api/v1/blobs: the registry over HTTP.
#pragma once

#include <functional>
#include <string>

#include "protocol/admin/decision.h"
#include "protocol/admin/principal_names.h"
#include "protocol/http.h"
#include "registry/bundle_store.h"
#include "registry/model_store.h"
#include "registry/push.h"
#include "registry/uploads.h"
#include "storage/sql.h"

namespace slipway {

struct ModelRouteParts {
  Database& database;
  const BundleStore& bundles;
  const ModelStore& models;
  const Push& push;
  DecisionLog decisions;
  std::uint64_t blob_bytes_max = 0;
  std::function<void()> on_change;  // after a version was approved or retired
  NameOf name_of;                   // of a principal
};

// Whoever asks, as registry/uploads.h wants to know it.
BlobReader reader_of(const HttpRequest& request);

// What the references of `parts` mean outlives the router.
void add_model_routes(Router& router, const ModelRouteParts& parts);
void add_blob_routes(Router& router, const ModelRouteParts& parts);

}  // namespace slipway

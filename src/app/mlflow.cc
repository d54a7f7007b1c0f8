#include "app/mlflow.h"

#include "base/bytes.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "lineage/lineage_store.h"
#include "protocol/mlflow/artifact_routes.h"
#include "protocol/mlflow/errors.h"
#include "protocol/mlflow/registry_routes.h"
#include "protocol/mlflow/tracking_routes.h"
#include "registry/transact.h"
#include "runtime/onnx_inspect.h"

namespace slipway {
namespace {

Result<std::vector<GraphInput>> read_graph(const BundleStore& bundles, const Manifest& files, const std::string& path) {
  SLIPWAY_TRY(const AlignedBytes bytes, bundles.load(files, path));
  SLIPWAY_TRY(const OnnxSummary summary, inspect_onnx(bytes.bytes()));
  std::vector<GraphInput> inputs;
  for (const OnnxValue& input : summary.inputs) {
    GraphInput& read = inputs.emplace_back();
    read.name = input.name;
    read.type = input.data_type;
    if (input.has_rank) read.shape = input.shape;
  }
  return inputs;
}

// The registration was acknowledged long ago; what came of it is a decision like that of any push.
void keep_record(audit::AuditLog& audit, const Registration& registration, const Result<Version>& version) {
  std::string details;
  JsonWriter json(details);
  json.begin_object().key("number").value(registration.number).key("source").value(registration.source);
  if (!version) json.key("reason").value(version.error().reason);
  json.end_object();
  const std::string semver = version ? version->semver.to_string() : registration.semver;
  audit::Record record;
  record.time = system_clock().now();
  record.id = Id::make();
  record.kind = audit::Kind::kDecision;
  record.outcome = version ? Code::kOk : version.error().code;
  record.action = "model.register";
  record.principal = registration.author;
  record.endpoint = registration.model;
  record.model = registration.model;
  record.version = semver;
  if (version) record.bundle = version->digest;
  record.details = details;
  if (const auto kept = audit.append_durable(record); !kept)
    log::error("registration.record_failed", {{"model", registration.model}, {"message", kept.error().message}});
}

void keep_lineage(Database& database, const Registration& registration, const Version& version) {
  if (registration.run_id.empty()) return;
  const Status kept = database.write([&](Transaction& t) {
    return LineageStore().run_produced_version(
        t, registration.run_id,
        LineageNode::model_version(version.model, version.semver.to_string(), version.digest.hex()),
        system_clock().now());
  });
  if (!kept) log::error("registration.lineage_failed", {{"model", version.model}, {"message", kept.error().message}});
}

}  // namespace

MlflowService::MlflowService(Parts parts, Secret signing_key)
    : parts_(std::move(parts)),
      artifacts_(parts_.database, parts_.objects, parts_.bundles, parts_.temporary_directory),
      version_files_(parts_.database, parts_.bundles),
      part_urls_(std::move(signing_key)),
      registrar_(registrar_parts()) {}

RegistrarParts MlflowService::registrar_parts() {
  return {.database = parts_.database,
          .bundles = parts_.bundles,
          .push = parts_.push,
          .read_graph = [this](const Manifest& files,
                               const std::string& path) { return read_graph(parts_.bundles, files, path); },
          .server = parts_.audit.public_key().to_string(),
          .on_finish =
              [this](const Registration& registration, const Result<Version>& version) {
                keep_record(parts_.audit, registration, version);
                if (version) keep_lineage(parts_.database, registration, *version);
                parts_.on_event();
              }};
}

Result<std::unique_ptr<MlflowService>> MlflowService::open(Parts parts) {
  Database& database = parts.database;
  SLIPWAY_TRY(Secret key,
              in_write(database, [](Transaction& t) { return ArtifactUploads().signing_key(t); }));
  std::unique_ptr<MlflowService> service(new MlflowService(std::move(parts), std::move(key)));
  SLIPWAY_CHECK(database.write([&](Transaction& t) { return service->experiments_.ensure_default(t); }));
  return service;
}

void MlflowService::add_routes(Router& router) {
  mlflow::add_error_writers(router);
  mlflow::add_tracking_routes(router, {.database = parts_.database,
                                       .experiments = experiments_,
                                       .runs = runs_,
                                       .logged_models = logged_models_,
                                       .has_multipart_uploads = true});
  const mlflow::ArtifactRouteParts artifacts{.database = parts_.database,
                                             .bundles = parts_.bundles,
                                             .files = artifacts_,
                                             .versions = version_files_,
                                             .part_urls = part_urls_,
                                             .file_bytes_max = parts_.settings.blob_bytes_max,
                                             .temporary_directory = parts_.temporary_directory,
                                             .is_tls = !parts_.settings.tls_key_file.empty(),
                                             .has_trusted_proxy = parts_.settings.is_behind_trusted_proxy};
  mlflow::add_artifact_routes(router, artifacts);
  mlflow::add_artifact_part_routes(router, artifacts);
  mlflow::add_artifact_list_routes(router, artifacts);
  mlflow::add_registry_routes(router, {.database = parts_.database,
                                       .models = parts_.models,
                                       .decisions = DecisionLog(parts_.audit),
                                       .on_registration = [this] { registrar_.notify(); },
                                       .on_change = parts_.on_change,
                                       .on_event = parts_.on_event});
}

}  // namespace slipway

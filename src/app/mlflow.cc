#include "app/mlflow.h"

#include "base/json_writer.h"
#include "base/log.h"
#include "protocol/mlflow/artifact_routes.h"
#include "protocol/mlflow/artifact_url.h"
#include "protocol/mlflow/errors.h"
#include "protocol/mlflow/registry_routes.h"
#include "protocol/mlflow/tracking_routes.h"
#include "protocol/mlflow/version_files.h"
#include "registry/transact.h"
#include "runtime/onnx_inspect.h"
#include "tracking/artifact_files.h"
#include "tracking/artifact_registrar.h"
#include "tracking/experiment_store.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_store.h"

namespace slipway {
namespace {

constexpr unsigned kRegistrarThreads = 2;

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

RegistrarParts registrar_parts(const MlflowService::Parts& parts) {
  return {
      .database = parts.database,
      .bundles = parts.bundles,
      .push = parts.push,
      .read_graph = [&bundles = parts.bundles](const Manifest& files,
                                               const std::string& path) { return read_graph(bundles, files, path); },
      .server = parts.audit.public_key().to_string(),
      .on_finish =
          [parts](const Registration& registration, const Result<Version>& version) {
            keep_record(parts.audit, registration, version);
            parts.on_event();
          }};
}

}  // namespace

struct MlflowService::State {
  State(Parts given, Secret signing_key)
      : parts(std::move(given)),
        artifacts(parts.database, parts.objects, parts.bundles, parts.temporary_directory),
        version_files(parts.database, parts.bundles),
        part_urls(std::move(signing_key)),
        registrar(registrar_parts(parts)) {}

  const Parts parts;
  const ExperimentStore experiments;
  const RunStore runs;
  const LoggedModelStore logged_models;
  const ArtifactFiles artifacts;
  const mlflow::VersionFiles version_files;
  const mlflow::PartUrls part_urls;
  Registrar registrar;
};

MlflowService::MlflowService(std::unique_ptr<State> state) : state_(std::move(state)) {}
MlflowService::~MlflowService() = default;

Result<std::unique_ptr<MlflowService>> MlflowService::open(Parts parts) {
  SLIPWAY_TRY(Secret key, in_write(parts.database, [](Transaction& t) { return ArtifactUploads().signing_key(t); }));
  auto state = std::make_unique<State>(std::move(parts), std::move(key));
  SLIPWAY_CHECK(state->parts.database.write([&](Transaction& t) { return state->experiments.ensure_default(t); }));
  return std::unique_ptr<MlflowService>(new MlflowService(std::move(state)));
}

void MlflowService::start() { state_->registrar.start(kRegistrarThreads); }
void MlflowService::stop() { state_->registrar.stop(); }
Gate MlflowService::gate(Gate inner) const { return mlflow::with_part_urls(std::move(inner), state_->part_urls); }

void MlflowService::add_routes(Router& router) {
  const Parts& parts = state_->parts;
  mlflow::add_error_writers(router);
  mlflow::add_tracking_routes(router, {.database = parts.database,
                                       .experiments = state_->experiments,
                                       .runs = state_->runs,
                                       .logged_models = state_->logged_models,
                                       .has_multipart_uploads = true});
  const mlflow::ArtifactRouteParts artifacts{.database = parts.database,
                                             .bundles = parts.bundles,
                                             .files = state_->artifacts,
                                             .versions = state_->version_files,
                                             .part_urls = state_->part_urls,
                                             .file_bytes_max = parts.settings.blob_bytes_max,
                                             .is_tls = !parts.settings.tls_key_file.empty(),
                                             .has_trusted_proxy = parts.settings.is_behind_trusted_proxy};
  mlflow::add_artifact_routes(router, artifacts);
  mlflow::add_artifact_part_routes(router, artifacts);
  mlflow::add_artifact_list_routes(router, artifacts);
  mlflow::add_registry_routes(router, {.database = parts.database,
                                       .models = parts.models,
                                       .decisions = DecisionLog(parts.audit),
                                       .on_registration = [state = state_.get()] { state->registrar.notify(); },
                                       .on_change = parts.on_change,
                                       .on_event = parts.on_event});
}

}  // namespace slipway

#include "app/server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <thread>

#include "access/access_control.h"
#include "app/async_service.h"
#include "app/catalog.h"
#include "app/endpoint_policies.h"
#include "app/housekeeping.h"
#include "app/mlflow.h"
#include "app/refusal_ledger.h"
#include "app/remote_keys.h"
#include "app/request_observer.h"
#include "app/secret_file.h"
#include "audit/log.h"
#include "base/bytes.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/metrics.h"
#include "outbox/deliverer.h"
#include "outbox/target_address.h"
#include "protocol/admin/audit_routes.h"
#include "protocol/admin/gate.h"
#include "protocol/admin/key_routes.h"
#include "protocol/admin/model_routes.h"
#include "protocol/admin/policy_routes.h"
#include "protocol/admin/route_list.h"
#include "protocol/admin/webhook_routes.h"
#include "protocol/grpc/grpc_server.h"
#include "protocol/http_server.h"
#include "protocol/inference/repository_routes.h"
#include "protocol/inference/routes.h"
#include "protocol/inference/settings_routes.h"
#include "protocol/lineage/routes.h"
#include "protocol/mlflow/webhook_routes.h"
#include "protocol/remote/remotes.h"
#include "protocol/telemetry/process_metrics.h"
#include "protocol/telemetry/routes.h"
#include "registry/bundle_store.h"
#include "registry/model_store.h"
#include "registry/policy_store.h"
#include "registry/transact.h"
#include "runtime/onnx_runtime.h"
#include "serving/loader.h"
#include "serving/predict.h"
#include "serving/push_checker.h"
#include "storage/objects.h"
#include "storage/sql.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCommitmentKeyBytes = 32;
constexpr std::size_t kCacheKeyBytes = 32;

Status make_directory(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) fs::permissions(path, fs::perms::owner_all, error);
  if (error) return fail(Code::kUnavailable, "app.directory", path.string() + " cannot be made: " + error.message());
  return {};
}

// What a killed process left: uploads, downloads and probes, each as large as a model.
void empty_directory(const fs::path& path) {
  std::error_code ignored;
  for (fs::directory_iterator entry(path, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    std::error_code also_ignored;
    fs::remove_all(entry->path(), also_ignored);
  }
}

Status write_ready_file(const std::string& path, const std::string& url, const std::string& grpc) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("http").value(url);
  if (!grpc.empty()) json.key("grpc").value(grpc);
  json.end_object();
  const std::string temporary = path + ".tmp";
  std::ofstream file(temporary);
  file << text << '\n';
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    return fail(Code::kUnavailable, "app.ready_file", path + " cannot be written: " + std::strerror(errno));
  }
  return {};
}

// Whoever waits for the file must not find the one of an earlier run.
void remove_ready_file(const std::string& path) {
  std::error_code ignored;
  if (!path.empty()) fs::remove(path, ignored);
}

}  // namespace

// In the order in which they are made; destroyed the other way round.
struct Server::Parts {
  explicit Parts(Settings chosen) : settings(std::move(chosen)), data(settings.data_directory) {}
  ~Parts();

  Status open_stores();
  Status open_remotes();
  Status open_serving();
  Status open_outbox();
  Status open_mlflow();
  Status open_cache();
  std::unique_ptr<Predictor> make_predictor(bool is_audit_strict);
  void open_async();
  void add_predictors();  // one for each thread of a protocol
  Status open_http();
  Status open_grpc();
  std::string grpc_target() const;
  SendPolicy send_policy() const;
  Router make_router(unsigned thread);
  void flush_refusals(RefusalLedger& ledger);

  const Settings settings;
  const fs::path data;
  metrics::Registry registry;
  std::unique_ptr<Database> database;
  std::unique_ptr<ObjectStore> objects;
  std::unique_ptr<audit::AuditLog> audit;
  std::unique_ptr<AccessControl> access;
  Secret commitment_key;
  std::unique_ptr<BundleStore> bundles;
  ModelStore models;
  const PolicyStore policies{system_clock()};
  std::shared_ptr<const OnnxRuntime> runtime;
  std::unique_ptr<ServingMetrics> serving_metrics;
  std::unique_ptr<PolicyMetrics> policy_metrics;
  std::unique_ptr<HttpRemotes> remotes;
  std::unique_ptr<Loader> loader;
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<PushChecker> checker;
  std::unique_ptr<Push> push;
  std::unique_ptr<MlflowService> mlflow;
  Admission admission{settings.requests_in_flight_max};
  DeadlineTimer deadlines;
  std::unique_ptr<PredictionCache> cache;
  std::unique_ptr<AsyncService> async;
  std::vector<std::unique_ptr<Predictor>> predictors;  // one for each I/O thread: of HTTP, then of gRPC
  RequestObserver observer{registry, 2 * settings.io_threads};
  std::vector<std::unique_ptr<RefusalLedger>> refusals;  // one for each I/O thread
  std::atomic<bool> is_ready{false};
  std::unique_ptr<Housekeeping> housekeeping;
  Outbox outbox;
  const WebhookStore webhooks{settings.may_webhooks_be_private};
  std::unique_ptr<Deliverer> deliverer;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<GrpcServer> grpc;
};

Status Server::Parts::open_stores() {
  for (const char* name : {"", "audit", "tmp"}) SLIPWAY_CHECK(make_directory(data / name));
  const std::string database_uri =
      settings.database_uri.empty() ? "sqlite:" + (data / "slipway.db").string() : settings.database_uri;
  const std::string objects_uri = settings.objects_uri.empty() ? (data / "objects").string() : settings.objects_uri;
  SLIPWAY_TRY(database, open_database(database_uri));
  if (settings.objects_uri.empty()) SLIPWAY_CHECK(make_directory(data / "objects"));
  SLIPWAY_TRY(objects, open_object_store(objects_uri));
  SLIPWAY_TRY(audit, audit::AuditLog::open(data / "audit"));
  empty_directory(data / "tmp");  // behind the log's lock: no other process uses it
  SLIPWAY_TRY(access, AccessControl::open(*database));
  if (settings.is_auth_on) {
    SLIPWAY_TRY(const auto first_key, access->bootstrap(data));
    if (first_key) log::info("access.bootstrap", {{"key_file", first_key->string()}});
  }
  SLIPWAY_TRY(commitment_key, load_or_create_secret(data / "commitment.key", kCommitmentKeyBytes));
  return {};
}

Status Server::Parts::open_remotes() {
  HttpRemotesOptions options;
  for (const std::string& remote : settings.remotes_allowed) {
    SLIPWAY_TRY(options.allowed.emplace_back(), parse_remote_allowance(remote));
  }
  options.client.ca_file = settings.remote_ca_file;
  options.client.answer_bytes_max = settings.remote_answer_bytes_max;
  options.read_key = [this](const RemoteKey& key) { return read_remote_key(key, settings.remote_secrets_directory); };
  SLIPWAY_TRY(remotes, HttpRemotes::start(std::move(options), registry));
  return {};
}

Status Server::Parts::open_serving() {
  bundles = std::make_unique<BundleStore>(*objects);
  SLIPWAY_CHECK(database->write([&](Transaction& transaction) {
    return models.set_approvals_required_by_default(transaction, settings.approvals_required, "settings");
  }));
  SLIPWAY_TRY(runtime, OnnxRuntime::open());
  serving_metrics = std::make_unique<ServingMetrics>(registry);
  policy_metrics = std::make_unique<PolicyMetrics>(registry);
  loader = std::make_unique<Loader>(*bundles, runtime, *serving_metrics,
                                    LoaderOptions{.inline_run_max = settings.inline_run_max,
                                                  .runner_threads = settings.runner_threads,
                                                  .runner_queue_max = settings.runner_queue_max},
                                    remotes.get());
  CatalogOptions lifecycle;
  lifecycle.interval = settings.reconcile_interval;
  lifecycle.load_threads = settings.load_threads;
  lifecycle.load_wait = settings.load_timeout;
  lifecycle.residency = {.bytes_max = settings.models_memory_bytes_max, .loads_on_demand = settings.loads_on_demand};
  lifecycle.remotes = remotes.get();
  catalog = std::make_unique<Catalog>(*database, models, *loader, *policy_metrics, registry, lifecycle);
  checker = std::make_unique<PushChecker>(*bundles, "/proc/self/exe", (data / "tmp").string(), settings.probe_timeout,
                                          remotes.get());
  push = std::make_unique<Push>(
      *database, *bundles, models, system_clock(),
      [this](const Manifest& manifest, const Digest& bundle) { return checker->check(manifest, bundle); });
  return catalog->start();
}

SendPolicy Server::Parts::send_policy() const {
  SendPolicy policy;
  policy.timeout = settings.webhook_timeout;
  policy.allows_private = settings.may_webhooks_be_private;
  policy.ca_file = settings.webhook_ca_file;
  return policy;
}

Status Server::Parts::open_outbox() {
  if (!settings.openlineage_url.empty()) SLIPWAY_CHECK(check_target_url(settings.openlineage_url, true));
  DelivererSettings chosen;
  chosen.limits.backoff.first = settings.webhook_backoff;
  chosen.limits.attempts_max = settings.webhook_attempts_max;
  chosen.policy = send_policy();
  chosen.openlineage_url = settings.openlineage_url;
  if (!settings.openlineage_key_file.empty()) {
    SLIPWAY_TRY(chosen.openlineage_key, load_secret_line(settings.openlineage_key_file));
  }
  deliverer = std::make_unique<Deliverer>(*database, std::move(chosen), registry);
  return deliverer->start();
}

Status Server::Parts::open_mlflow() {
  SLIPWAY_TRY(mlflow, MlflowService::open({.settings = settings,
                                           .database = *database,
                                           .objects = *objects,
                                           .bundles = *bundles,
                                           .models = models,
                                           .push = *push,
                                           .audit = *audit,
                                           .temporary_directory = (data / "tmp").string(),
                                           .on_change =
                                               [this] {
                                                 catalog->notify();
                                                 deliverer->notify();
                                               },
                                           .on_event = [this] { deliverer->notify(); }}));
  return {};
}

Router Server::Parts::make_router(unsigned thread) {
  Router router;
  const AccessPolicy policy{.is_auth_on = settings.is_auth_on,
                            .may_claim_principal = !settings.is_auth_on && is_loopback(settings.http_address)};
  router.set_gate(
      mlflow->gate(make_gate(policy, access->snapshot(), system_clock(), [this, thread](const TurnedAway& turned_away) {
        note_turned_away(*refusals[thread], turned_away);
      })));
  add_inference_routes(router, *predictors[thread],
                       {.body_bytes_max = settings.predict_body_bytes_max,
                        .is_ready = [this] { return is_ready.load(); },
                        .async = &async->intake()});
  async->add_routes(router);
  const DecisionLog decisions(*audit);
  add_repository_routes(router, *catalog, decisions);
  add_settings_routes(router, decisions);
  const ModelRouteParts parts{
      .database = *database,
      .bundles = *bundles,
      .models = models,
      .push = *push,
      .decisions = decisions,
      .blob_bytes_max = settings.blob_bytes_max,
      .on_change =
          [this] {
            catalog->notify();
            deliverer->notify();
          },
      .name_of = [this](std::string_view id) { return access->principal_name(id).value_or(""); }};
  add_model_routes(router, parts);
  add_blob_routes(router, parts);
  add_policy_routes(router, {.database = *database,
                             .models = models,
                             .policies = policies,
                             .decisions = decisions,
                             .check =
                                 [this](std::string_view endpoint, std::string_view yaml) {
                                   return EndpointPolicies::check(endpoint, yaml, *catalog->snapshot().load(), *remotes,
                                                                  !settings.redis_uri.empty());
                                 },
                             .on_change = [this] { catalog->notify(); },
                             .name_of = parts.name_of});
  add_key_routes(router, *access, decisions);
  add_audit_routes(router, *audit, data / "audit");
  add_webhook_routes(router, {.database = *database,
                              .webhooks = webhooks,
                              .outbox = outbox,
                              .decisions = decisions,
                              .policy = send_policy(),
                              .on_change = [this] { deliverer->notify(); }});
  mlflow::add_webhook_routes(router, {.database = *database,
                                      .webhooks = webhooks,
                                      .decisions = decisions,
                                      .policy = send_policy(),
                                      .on_change = [this] { deliverer->notify(); }});
  add_lineage_routes(router, *database, *audit);
  mlflow->add_routes(router);
  add_telemetry_routes(router, registry);
  add_route_list(router);
  return router;
}

void Server::Parts::flush_refusals(RefusalLedger& ledger) {
  if (const Status kept = ledger.flush(*audit, system_clock().now()); !kept) {
    log::warning("audit.refusals_lost", {{"reason", kept.error().reason}, {"message", kept.error().message}});
  }
}

Status Server::Parts::open_cache() {
  PredictionCache::Options options;
  options.memory_bytes_max = settings.cache_memory_bytes_max;
  if (settings.cache_key_file.empty()) {
    SLIPWAY_TRY(options.secret, load_or_create_secret(data / "cache.key", kCacheKeyBytes));
  } else {
    SLIPWAY_TRY(const Secret shared, load_secret_line(settings.cache_key_file));
    const Digest key = sha256(shared.reveal());
    options.secret = Secret(std::string(as_text(std::as_bytes(std::span(key.bytes)))));
  }
  if (!settings.redis_uri.empty()) {
    RedisOptions& redis = options.redis.emplace();
    SLIPWAY_TRY(redis.address, parse_redis_uri(settings.redis_uri));
    if (!settings.redis_password_file.empty()) {
      SLIPWAY_TRY(redis.password, load_secret_line(settings.redis_password_file));
    }
    redis.connections = settings.io_threads;
    redis.time_limit = settings.redis_timeout;
  }
  cache = std::make_unique<PredictionCache>(std::move(options), registry);
  registry.add_collector([this](std::vector<metrics::Family>& families) { cache->collect(families); });
  return {};
}

std::unique_ptr<Predictor> Server::Parts::make_predictor(bool is_audit_strict) {
  return std::make_unique<Predictor>(
      catalog->snapshot(), admission, deadlines, *audit, commitment_key, *cache,
      PredictLimits{.timeout_max = settings.predict_timeout, .is_audit_strict = is_audit_strict});
}

// Nobody waits for it, so an answer is kept only after its record.
void Server::Parts::open_async() {
  async = std::make_unique<AsyncService>(
      AsyncService::Parts{.settings = settings,
                          .database = *database,
                          .objects = *objects,
                          .models = models,
                          .audit = *audit,
                          .registry = registry,
                          .predictor = make_predictor(true),
                          .name_of = [this](std::string_view id) { return access->principal_name(id).value_or(""); }});
}

void Server::Parts::add_predictors() {
  for (unsigned i = 0; i < settings.io_threads; ++i) {
    predictors.push_back(make_predictor(settings.is_audit_strict));
    refusals.push_back(std::make_unique<RefusalLedger>());
  }
}

Status Server::Parts::open_http() {
  add_predictors();
  HttpServerOptions options;
  options.address = settings.http_address;
  options.port = settings.http_port;
  options.io_threads = settings.io_threads;
  options.worker_threads = settings.worker_threads;
  options.heavy_threads = settings.heavy_threads;
  options.limits.connections_max = settings.connections_max;
  options.limits.connections_per_address_max = settings.connections_per_address_max;
  options.limits.buffered_bytes_max = settings.buffered_bytes_max;
  options.has_trusted_proxy = settings.is_behind_trusted_proxy;
  options.spool_directory = (data / "tmp").string();
  if (!settings.tls_certificate_file.empty())
    options.tls = TlsFiles{settings.tls_certificate_file, settings.tls_key_file};
  options.on_complete = [this](unsigned thread, const HttpRequest& request, int status,
                               std::chrono::nanoseconds duration) {
    observer.observe(thread, request, status, duration);
    if (status == 404 || status == 429) [[unlikely]]
      note_unserved(*refusals[thread], request, status);
  };
  options.on_second = [this](unsigned thread) {
    predictors[thread]->refresh();
    flush_refusals(*refusals[thread]);
  };
  SLIPWAY_TRY(http, HttpServer::listen(std::move(options), [this](unsigned thread) { return make_router(thread); }));
  return {};
}

Status Server::Parts::open_grpc() {
  if (settings.grpc_address.empty()) return {};
  add_predictors();
  GrpcServerOptions options;
  options.address = settings.grpc_address;
  options.port = settings.grpc_port;
  options.threads = settings.io_threads;
  options.worker_threads = settings.worker_threads;
  options.message_bytes_max = settings.predict_body_bytes_max;
  options.buffered_bytes_max = settings.buffered_bytes_max;
  if (!settings.tls_certificate_file.empty())
    options.tls = TlsFiles{settings.tls_certificate_file, settings.tls_key_file};
  options.in_flight_max = settings.requests_in_flight_max;
  options.is_ready = [this] { return is_ready.load(); };
  options.on_complete = [this](unsigned thread, std::string_view rpc, const HttpRequest& request, Code code,
                               std::chrono::nanoseconds duration) {
    const unsigned index = settings.io_threads + thread;
    observer.observe_rpc(index, rpc, request, code, duration);
    if (code == Code::kNotFound || code == Code::kResourceExhausted) [[unlikely]]
      note_unserved(*refusals[index], request, code == Code::kNotFound ? 404 : 429);
  };
  options.on_second = [this](unsigned thread) {
    predictors[settings.io_threads + thread]->refresh();
    flush_refusals(*refusals[settings.io_threads + thread]);
  };
  SLIPWAY_TRY(grpc, GrpcServer::listen(std::move(options), [this](unsigned thread) {
                const unsigned index = settings.io_threads + thread;
                return GrpcThreadParts{make_router(index), predictors[index].get()};
              }));
  return {};
}

// As gRPC's clients are given it; "" without gRPC.
std::string Server::Parts::grpc_target() const {
  if (!grpc) return {};
  const bool is_ipv6 = settings.grpc_address.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + settings.grpc_address + "]" : settings.grpc_address) + ":" + std::to_string(grpc->port());
}

// Predictions that nobody waits for any more still need the threads they began on. They end by their deadlines.
Server::Parts::~Parts() {
  while (admission.in_flight() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(Settings settings) {
  SLIPWAY_CHECK(check(settings));
  auto parts = std::make_unique<Parts>(std::move(settings));
  parts->registry.add_collector(collect_process_metrics);
  SLIPWAY_CHECK(parts->open_stores());
  remove_ready_file(parts->settings.ready_file);  // the data is ours now, so no other server runs that wrote it
  SLIPWAY_CHECK(parts->open_remotes());
  SLIPWAY_CHECK(parts->open_serving());
  SLIPWAY_CHECK(parts->open_outbox());
  SLIPWAY_CHECK(parts->open_mlflow());
  SLIPWAY_CHECK(parts->open_cache());
  parts->open_async();
  SLIPWAY_CHECK(parts->open_http());
  SLIPWAY_CHECK(parts->open_grpc());
  parts->housekeeping = std::make_unique<Housekeeping>(*parts->database, *parts->objects, *parts->access, *parts->audit,
                                                       parts->admission, parts->registry);
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::uint16_t Server::http_port() const noexcept { return parts_->http->port(); }

Status Server::run() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);

  Parts& parts = *parts_;
  const Settings& settings = parts.settings;
  parts.mlflow->start();
  parts.async->start();
  parts.http->start();
  if (parts.grpc) parts.grpc->start();
  parts.is_ready = true;
  const bool is_ipv6 = settings.http_address.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + settings.http_address + "]" : settings.http_address;
  const std::string url =
      (settings.tls_key_file.empty() ? "http://" : "https://") + host + ":" + std::to_string(http_port());
  if (!settings.ready_file.empty()) SLIPWAY_CHECK(write_ready_file(settings.ready_file, url, parts.grpc_target()));
  log::info("server.ready", {{"http", url}, {"auth", settings.is_auth_on}, {"data", settings.data_directory}});

  int received = 0;
  sigwait(&signals, &received);                     // blocked in every thread since the start of main
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second signal ends the process
  parts.is_ready = false;
  remove_ready_file(settings.ready_file);
  log::info("server.draining", {{"signal", received}, {"in_flight", parts.http->in_flight()}});
  const Monotonic drain_end = std::chrono::steady_clock::now() + settings.drain_timeout;
  bool is_clean = parts.http->drain(settings.drain_timeout);
  if (parts.grpc) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(drain_end - std::chrono::steady_clock::now());
    is_clean = parts.grpc->drain(std::max(left, std::chrono::milliseconds(0))) && is_clean;
  }
  parts.async->stop(drain_end);
  parts.remotes->stop();  // what still waits for one ends now
  parts.mlflow->stop();
  parts.deliverer->stop();
  parts.housekeeping.reset();
  parts.catalog->stop();
  for (const auto& ledger : parts.refusals) parts.flush_refusals(*ledger);
  SLIPWAY_CHECK(parts.access->flush_last_used());
  SLIPWAY_CHECK(parts.audit->close());
  log::info("server.stopped", {{"clean", is_clean}});
  return {};
}

}  // namespace slipway

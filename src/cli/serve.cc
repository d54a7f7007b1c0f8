#include "cli/serve.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <signal.h>
#include <thread>

#include "app/server.h"
#include "base/log.h"
#include "serving/runner_pool.h"

namespace slipway {
namespace {

struct ServeOptions {
  Settings settings;
  std::string http = "127.0.0.1:8080";
  std::string grpc = "off";
  std::string auth = "on";
  std::string audit = "relaxed";
  std::int64_t predict_timeout_ms = 30'000;
  std::int64_t drain_timeout_ms = 10'000;
  std::int64_t probe_timeout_ms = 60'000;
  std::int64_t load_timeout_ms = 30'000;
  std::int64_t redis_timeout_ms = 20;
  std::int64_t webhook_timeout_ms = 10'000;
  std::int64_t webhook_backoff_ms = 1'000;
  std::int64_t async_backoff_ms = 1'000;
  std::int64_t async_lease_ms = 10'000;
  std::int64_t async_answers_kept_minutes = 1'440;
  std::int64_t dead_letters_kept_minutes = 43'200;
};

Status apply(ServeOptions& options) {
  Settings& settings = options.settings;
  SLIPWAY_CHECK(parse_listen_address(options.http, settings));
  SLIPWAY_CHECK(parse_grpc_address(options.grpc, settings));
  settings.is_auth_on = options.auth == "on";
  settings.is_audit_strict = options.audit == "strict";
  settings.predict_timeout = std::chrono::milliseconds(options.predict_timeout_ms);
  settings.drain_timeout = std::chrono::milliseconds(options.drain_timeout_ms);
  settings.load_timeout = std::chrono::milliseconds(options.load_timeout_ms);
  settings.probe_timeout = std::chrono::milliseconds(options.probe_timeout_ms);
  settings.redis_timeout = std::chrono::milliseconds(options.redis_timeout_ms);
  settings.webhook_timeout = std::chrono::milliseconds(options.webhook_timeout_ms);
  settings.webhook_backoff = std::chrono::milliseconds(options.webhook_backoff_ms);
  settings.async_backoff = std::chrono::milliseconds(options.async_backoff_ms);
  settings.async_lease = std::chrono::milliseconds(options.async_lease_ms);
  settings.async_answers_kept = std::chrono::minutes(options.async_answers_kept_minutes);
  settings.dead_letters_kept = std::chrono::minutes(options.dead_letters_kept_minutes);
  return check(settings);
}

constexpr std::chrono::milliseconds kLastRunMax{1'000};  // what a run asked to end may take for it

int exit_code_after(const Status& status) {
  if (status) return 0;
  std::cerr << "slipway serve: " << status.error().message << " (" << status.error().reason << ")\n";
  return status.error().code == Code::kInvalidArgument ? 2 : 1;
}

int serve(ServeOptions& options) {
  // Every thread inherits the mask, so that only Server::run() takes these signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  Status status = apply(options);
  if (status) {
    log::start({.level = *log::parse_level(options.settings.log_level)});
    auto server = Server::open(std::move(options.settings));
    status = server ? (*server)->run() : fail(std::move(server).error());
  }
  log::stop();
  const int exit_code = exit_code_after(status);
  // Destructors of the program and of the runtime's library would run under a model that cannot be interrupted.
  if (!RunnerPool::wait_until_none(kLastRunMax)) std::_Exit(exit_code);
  return exit_code;
}

void add_async_options(CLI::App& command, ServeOptions& options) {
  Settings& settings = options.settings;
  command
      .add_option("--async-waiting-max", settings.async_waiting_max,
                  "Asynchronous requests without an answer yet, of all servers of the database")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--async-concurrency", settings.async_concurrency, "Asynchronous requests run at once")
      ->check(CLI::Range(1, 1'024))
      ->capture_default_str();
  command
      .add_option("--async-attempts-max", settings.async_attempts_max,
                  "Attempts before an asynchronous request becomes a dead letter")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command
      .add_option("--async-backoff-ms", options.async_backoff_ms,
                  "Bound of the wait after the first failure; it doubles with each, up to a minute")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  command
      .add_option("--async-lease-ms", options.async_lease_ms,
                  "Time after which another server runs what a server that died was running")
      ->check(CLI::Range(500, 600'000))
      ->capture_default_str();
  command
      .add_option("--async-answers-kept-minutes", options.async_answers_kept_minutes,
                  "How long the answers of asynchronous requests can be fetched")
      ->check(CLI::Range(1, 5'256'000))
      ->capture_default_str();
  command
      .add_option("--dead-letters-kept-minutes", options.dead_letters_kept_minutes, "How long dead letters are kept")
      ->check(CLI::Range(1, 5'256'000))
      ->capture_default_str();
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ServeOptions>();
  Settings& settings = options->settings;
  CLI::App* command = app.add_subcommand("serve", "Run the server: registry, inference, audit, metrics");
  command->footer(
      "Examples:\n"
      "  slipway serve --data /var/lib/slipway\n"
      "  slipway serve --data ./data --http 127.0.0.1:0 --auth off --ready-file ready.json\n"
      "  slipway serve --data ./data --http 0.0.0.0:8443 --tls-cert chain.pem --tls-key key.pem\n"
      "\nOn the first start with authentication on, the first administrator's key is written to DATA/bootstrap.key.\n"
      "SIGTERM drains: no new connections, requests in flight finish, the log is closed with a signed checkpoint.");
  command->add_option("--data", settings.data_directory, "Directory for everything that is kept")->required();
  command->add_option("--http", options->http, "ADDRESS:PORT to listen on; port 0 takes a free one")
      ->capture_default_str();
  command->add_option("--grpc", options->grpc, "ADDRESS:PORT to listen on for gRPC, or off; port 0 takes a free one")
      ->capture_default_str();
  command->add_option("--ready-file", settings.ready_file,
                      "File that is there while ready: {\"http\": URL}, and \"grpc\": ADDRESS:PORT with --grpc");
  command->add_option("--auth", options->auth, "API keys: on, or off (only on a loopback address)")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  command->add_option("--tls-cert", settings.tls_certificate_file, "Certificate chain in PEM; needs --tls-key");
  command->add_option("--tls-key", settings.tls_key_file, "Private key in PEM; needs --tls-cert");
  command->add_flag("--trusted-proxy", settings.is_behind_trusted_proxy,
                    "A proxy in front ends TLS: listen off loopback without it");
  command->add_option("--database", settings.database_uri,
                      "postgresql://… or sqlite:PATH; by default SQLite in the data directory");
  command->add_option("--objects", settings.objects_uri,
                      "s3://BUCKET/PREFIX or a directory; by default in the data directory");
  command
      ->add_option("--audit", options->audit, "strict answers after the record is durable, relaxed after it is queued")
      ->check(CLI::IsMember({"strict", "relaxed"}))
      ->capture_default_str();
  command->add_option("--approvals", settings.approvals_required, "Principals that must approve a version")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  command->add_option("--io-threads", settings.io_threads, "Threads that read, run small models and write")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--worker-threads", settings.worker_threads, "Threads for requests that read SQL")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--heavy-threads", settings.heavy_threads, "Threads for what takes long: push, verify, files")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command
      ->add_option("--runner-threads", settings.runner_threads,
                   "Threads for each version that is too slow for an I/O thread")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--load-threads", settings.load_threads, "Versions loaded at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_flag("--load-on-demand", settings.loads_on_demand,
                    "Load a version at its first request, not when it is approved; pinned ones are loaded at once");
  command
      ->add_option(
          "--models-memory-bytes-max", settings.models_memory_bytes_max,
          "Bytes that loaded versions may take, as estimated; the one used longest ago is given up. 0: no limit")
      ->capture_default_str();
  command
      ->add_option("--cache-memory-bytes-max", settings.cache_memory_bytes_max,
                   "Bytes of predictions that are kept in memory, over all endpoints with a cache there")
      ->capture_default_str();
  command->add_option("--redis", settings.redis_uri,
                      "redis://[USER@]HOST[:PORT][/DATABASE], where predictions can be kept");
  command->add_option("--redis-password-file", settings.redis_password_file,
                      "File whose first line is the password of Redis");
  command->add_option("--redis-timeout-ms", options->redis_timeout_ms, "Longest time that a prediction waits for Redis")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--cache-key-file", settings.cache_key_file,
                      "File whose first line servers share that share predictions in Redis");
  command->add_option("--connections-max", settings.connections_max, "Connections open at once")->capture_default_str();
  command
      ->add_option("--connections-per-address-max", settings.connections_per_address_max,
                   "Connections of one address; no limit behind a trusted proxy")
      ->capture_default_str();
  command->add_option("--in-flight-max", settings.requests_in_flight_max, "Predictions admitted at once")
      ->capture_default_str();
  command
      ->add_option("--predict-body-bytes-max", settings.predict_body_bytes_max,
                   "Largest body of a prediction, decompressed")
      ->capture_default_str();
  command
      ->add_option("--buffered-bytes-max", settings.buffered_bytes_max, "Memory for the bodies of all requests at once")
      ->capture_default_str();
  command->add_option("--blob-bytes-max", settings.blob_bytes_max, "Largest file of a bundle")->capture_default_str();
  command->add_option("--predict-timeout-ms", options->predict_timeout_ms, "Longest time for one prediction")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
  command
      ->add_option("--load-timeout-ms", options->load_timeout_ms,
                   "Longest time that a caller waits for a version to be loaded")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
  command->add_option("--probe-timeout-ms", options->probe_timeout_ms, "Longest time for the trial of a pushed model")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
  command->add_option("--drain-timeout-ms", options->drain_timeout_ms, "Longest time to finish requests after SIGTERM")
      ->check(CLI::Range(0, 3'600'000))
      ->capture_default_str();
  add_async_options(*command, *options);
  command->add_flag("--webhook-private-networks", settings.may_webhooks_be_private,
                    "Webhooks may name addresses of this machine and of private networks");
  command->add_option("--webhook-ca", settings.webhook_ca_file,
                      "Certificates that receivers are checked with, in PEM; the system's without it");
  command->add_option("--webhook-attempts-max", settings.webhook_attempts_max, "Attempts before a delivery is given up")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  command->add_option("--webhook-timeout-ms", options->webhook_timeout_ms, "Longest time for one attempt")
      ->check(CLI::Range(1, 300'000))
      ->capture_default_str();
  command
      ->add_option("--webhook-backoff-ms", options->webhook_backoff_ms,
                   "Bound of the wait after the first failure; it doubles with each, up to 10 minutes")
      ->check(CLI::Range(1, 600'000))
      ->capture_default_str();
  command
      ->add_option("--remote-allow", settings.remotes_allowed,
                   "HOST[:PORT] of another inference server that may be asked; again for each")
      ->take_all();
  command->add_option("--remote-ca", settings.remote_ca_file,
                      "Certificates that those servers are checked with, in PEM; the system's without it");
  command->add_option("--remote-secrets", settings.remote_secrets_directory,
                      "Directory of the files whose first line is sent to them as a key");
  command
      ->add_option("--remote-answer-bytes-max", settings.remote_answer_bytes_max,
                   "Largest answer that is taken from one of them")
      ->capture_default_str();
  command->add_option("--openlineage-url", settings.openlineage_url,
                      "Where OpenLineage events are sent, such as http://marquez:5000/api/v1/lineage");
  command->add_option("--openlineage-key-file", settings.openlineage_key_file,
                      "File whose first line is sent with them as a bearer token");
  command->add_option("--log-level", settings.log_level, "Least level that is logged")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  command->callback([options, &exit_code] { exit_code = serve(*options); });
}

}  // namespace slipway
